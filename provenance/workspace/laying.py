"""One locked model on its way into the cache of a run: found, measured, judged, laid."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, SourceError
from provenance.lock import Entry, Part
from provenance.model import File
from provenance.selection import matches
from provenance.source import evidence_files
from provenance.source.directory import reader
from provenance.source.laid import Laid, put
from provenance.source.layout import layout
from provenance.source.limits import DEFAULT
from provenance.source.names import leads_out
from provenance.source.progress import About
from provenance.source.room import size
from provenance.source.store import BESIDE, Store, Wrong
from provenance.verdict import Finding, failed
from provenance.workspace.naming import Names

if TYPE_CHECKING:
    from provenance.gate import Rules
    from provenance.workspace.workspace import Workspace

CONFIGURATION = "config.json"
"""Loaders ask for it in every repository, and offline they fail where it may be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies in the Hub's cache of a locked commit: where its files are, and its signatures."""

    places: Mapping[str, str]
    bundles: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Laying:
    """One entry, by what it is judged, from the Hub's cache and the store into a run's cache."""

    workspace: Workspace
    store: Store
    laid: Laid
    rules: Rules

    @property
    def _entry(self) -> Entry:
        return self.rules.entry

    @property
    def _key(self) -> tuple[str, str]:
        return self._entry.repo or "", self._entry.commit or ""

    def lay(self, names: Names) -> None:
        """The entry lies in the cache, under its commit and every name that leads there.

        Refused for one that may not be used, ConfigError for one whose bytes are not here,
        SourceError for one that cannot be read.
        """
        from provenance.gate import admit_laid

        # 1. Every file lies in the store, and has the digest that is locked.
        bundles = self._gather()
        # 2. The files alone, side by side where nobody looks yet, are judged.
        with self.store.relinking():
            made = self._side_by_side(bundles)
        known = self.store.known(self._entry.files.files)
        admit_laid(self.rules, made, known=known, progress=self.workspace.progress)
        # 3. They lie where loaders look.
        with self.store.relinking():
            self.laid.add(made, names.home_of(self._entry), self._key[1])
        self._refer(names)

    def _gather(self) -> dict[str, bytes]:
        """Every file of the entry lies in the store and is known; its evidence files by name."""
        self._check_names()
        found, files = self._found(), self._entry.files.files
        lacking = frozenset(self.store.lacking(files))
        progress = About(self.workspace.progress, self._entry.name)
        for file, _ in self.store.check([f for f in files if f not in lacking], progress):
            progress.note(f"{file.path} in {self.store.folder} was changed: it is taken anew")
        lacking = frozenset(self.store.lacking(files))
        self._refuse_absent([file for file in files if file in lacking], found)
        if copied := self.store.take(lacking, found.places, progress):
            progress.note(self._copied(copied))
        if wrong := self.store.check(lacking, progress):
            self._refuse(wrong)
        if found.places:
            self.store.keep_evidence("/".join(self._key), found.bundles)
        return dict(found.bundles) or self.store.evidence("/".join(self._key), DEFAULT.bundle)

    def _found(self) -> Found:
        """What the Hub's cache has of the commit; whatever else lies there is not looked at."""
        from provenance.source.hub.cache import snapshot

        place = snapshot(self.workspace.options.cache_dir, *self._key)
        if not place.is_dir():
            return Found(places={}, bundles={})
        entries = layout(place, DEFAULT.entries).entries
        places = {entry.path: entry.place for entry in entries}
        read = reader(entries)
        evidence = evidence_files.find(places.keys(), read, DEFAULT).paths - self._locked.keys()
        bundles = {path: read(path, DEFAULT.bundle) for path in evidence}
        return Found(places=places, bundles={p: data for p, data in bundles.items() if data})

    @property
    def _locked(self) -> Mapping[str, File]:
        return self._entry.files.by_path

    def _check_names(self) -> None:
        """A loader has a name to ask by, and the lockfile names files below the snapshot, and
        knows what each of them is."""
        if self._entry.repo is None:
            step = "say `repo` in provenance.toml, then `provenance lock` and `provenance fetch`"
            raise ConfigError(f"has no name by which a loader asks: {step}", path=self._entry.name)
        for file in self._entry.files.files:
            if leads_out(file.path):
                reason = "does not lie below the model: its path was edited by hand"
                raise ConfigError(f"{file.path[:200]!r} {reason}", path=self._entry.name)
            if not file.sha256:
                message = f"{file.path} is locked without a SHA-256: `provenance lock --measure`"
                raise ConfigError(message, path=self._entry.name)

    def _refuse_absent(self, lacking: list[File], found: Found) -> None:
        absent = [file.path for file in lacking if file.path not in found.places]
        if not absent:
            return
        raise ConfigError(
            f"{len(absent)} of its {len(self._locked)} files are not in the Hub's cache "
            f"({absent[0]}), and `run` looks nowhere else: `{self._fetch}`, without --local-dir",
            path=self._entry.name,
        )

    @property
    def _fetch(self) -> str:
        """The line that brings the files; what a loader fetches comes with the model it is for."""
        cache = self.workspace.options.cache_dir
        named = [self._entry.name] if self._entry.part is Part.MODEL else []
        folder = ("--cache-dir", str(cache)) if cache else ()
        return shlex.join(["provenance", "fetch", *named, *folder])

    def _copied(self, count: int) -> str:
        return (
            f"{self._entry.name}: {size(count)} were copied to {self.store.folder}, because they "
            f"lie on another disk or others may write to them. To link them next time, {BESIDE}"
        )

    def _refuse(self, wrong: tuple[Wrong, ...]) -> None:
        """Refused for files of the Hub's cache that are not what is locked."""
        from provenance.gate import refuse_unread

        refuse_unread(self.rules, [self._mismatch(*pair) for pair in wrong])
        raise SourceError(f"{self._entry.name}: files changed while they were read")

    def _mismatch(self, wanted: File, found: File | None) -> Finding:
        what = f"sha256:{found.sha256}, {found.size} bytes" if found else "a file that changed"
        message = (
            f"expected what is locked (sha256:{wanted.sha256}, {wanted.size} bytes), the Hub's "
            f"cache holds {what}: `{self._fetch}` puts it right"
        )
        return failed("integrity/mismatch", message, wanted.path)

    def _side_by_side(self, bundles: Mapping[str, bytes]) -> Path:
        """The locked files and their evidence in a folder of their own."""
        made = self.laid.judged()
        for file in self._entry.files.files:
            place = made / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            self.store.lay(file, place)
        for path, data in bundles.items():
            put(made / path, data)
        return made

    def _refer(self, names: Names) -> None:
        """The names that lead to the commit, and what it is known not to have."""
        entry, commit = self._entry, self._key[1]
        for name in names.leading_to(entry):
            self.laid.refer(name.home, name.revision, name.commit)
        if CONFIGURATION not in self._locked and matches(
            CONFIGURATION, entry.include, entry.exclude
        ):
            self.laid.lack(names.home_of(entry), commit, CONFIGURATION)
