"""Exactly what is locked and passes is downloaded, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, Malformed, OutOfDate, SourceError
from provenance.formats import json
from provenance.lock import Entry, Lock, Part
from provenance.lock.update import out_of_step
from provenance.report import Summary
from provenance.report.fetched import admitted_lines
from provenance.report.human import Line
from provenance.report.usage import DOCUMENTS, Loaded
from provenance.source.evidence_files import read
from provenance.source.progress import Progress
from provenance.verdict import Verdict
from provenance.workspace.session import Session
from provenance.workspace.source_options import SourceOptions
from provenance.workspace.weighing import known_here, scales_of

if TYPE_CHECKING:
    from provenance.gate import Admitted, Rules, Target
    from provenance.source.hub.client import Hub
    from provenance.source.remote.store import Store
    from provenance.workspace.workspace import Workspace

MAX_DOCUMENT = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of one entry: admitted, or why not, with the verdict if it was refused."""

    entry: Entry
    admitted: Admitted | None = None
    refused: Verdict | None = None
    reason: str = ""

    @property
    def place(self) -> Path | None:
        """Where the admitted files lie."""
        return self.admitted.place if self.admitted else None


def chosen_entries(
    session: Session, names: Sequence[str], *, local_dir: Path | None = None, frozen: bool = False
) -> tuple[Entry, ...]:
    """The entries that are meant: all of a Hub where none is named.

    ConfigError for a name that has none, or several for one `local_dir`, and OutOfDate where
    provenance.toml asks for something else than is locked, unless `frozen`.
    """
    lock = session.lock
    if lock is None:
        raise ConfigError("does not exist: run `provenance lock`", path=session.lock_path.name)
    entries = _chosen(session, lock, names)
    if local_dir and len(entries) != 1:
        raise ConfigError(f"takes one model, and {len(entries)} are meant", path="--local-dir")
    late = [
        text for entry in entries for text in out_of_step(session.settings, entry, session.registry)
    ]
    if late and not frozen:
        raise OutOfDate(late)
    return (*entries, *lock.members_of(entries))


def _chosen(session: Session, lock: Lock, names: Sequence[str]) -> tuple[Entry, ...]:
    if not names:
        found = tuple(entry for entry in lock.models() if entry.path is None)
        if not found:
            raise ConfigError("has no model of a Hub", path=session.lock_path.name)
        return found
    return tuple(_entry(session, lock, name) for name in dict.fromkeys(names))


def _entry(session: Session, lock: Lock, name: str) -> Entry:
    entry = lock.named(name)
    if entry is None:
        known = ", ".join(entry.name for entry in lock.models()) or "nothing"
        listed = " (it is in provenance.toml: run `provenance lock`)" * bool(
            session.settings.named(name)
        )
        raise ConfigError(
            f"has no model {name!r}{listed}; it has {known}", path=session.lock_path.name
        )
    if entry.path is not None:
        raise ConfigError(f"{name} lies on disk at {entry.path}: there is nothing to fetch")
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """One entry after the other, by the same rules; to `local_dir`, else to the Hub's cache."""

    session: Session
    options: SourceOptions
    progress: Progress
    local_dir: Path | None = None
    replacing: bool = False

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        session: Session,
        *,
        local_dir: Path | None = None,
        replacing: bool = False,
    ) -> Fetcher:
        """What fetches with the options of a workspace, and tells whom that tells."""
        return cls(
            session=session,
            options=workspace.options,
            progress=workspace.progress,
            local_dir=local_dir,
            replacing=replacing,
        )

    def fetch(self, entry: Entry) -> Fetched:
        """The entry, judged before the download and by the downloaded bytes. Raises nothing."""
        from provenance.gate import Refused, admit

        try:
            rules = rules_for(self.session, self.options, entry)
            admitted = admit(self._asked(entry), rules, self._target(entry))
        except Refused as refused:
            return Fetched(entry=entry, refused=refused.verdict, reason=str(refused))
        except (SourceError, OSError) as error:
            return Fetched(entry=entry, reason=str(error))
        return Fetched(entry=entry, admitted=admitted)

    def _asked(self, entry: Entry) -> Hub | Store | None:
        """Whoever has the entry; None where nobody may be asked."""
        if entry.source is None:
            return self.options.hub(self.session, self.progress)
        if self.options.offline:
            return None
        return self.options.store(entry.source, self.progress, self.session.lock)

    def _target(self, entry: Entry) -> Target:
        from provenance.gate import Target

        cache = self.options.cache_dir
        if self.local_dir is None and entry.repo is None:
            step = "name a folder with --local-dir, or say `repo` in provenance.toml"
            raise SourceError(f"{entry.name} has no name in the cache: {step}")
        if self.local_dir is None or entry.part is Part.CLOSURE:
            return Target.snapshot(entry, cache)
        return Target.folder(self.local_dir, cache=cache, replacing=self.replacing)

    def lines(self, entry: Entry, admitted: Admitted) -> Iterator[Line]:
        """What was fetched and where it lies, and the lines that load it."""
        return admitted_lines(
            admitted.verdict,
            self.loaded(entry, admitted.place),
            name=entry.name,
            already=admitted.already,
            beside=admitted.beside,
        )

    def loaded(self, entry: Entry, place: Path) -> Loaded:
        """What is known of an admitted model when it is said how to load it."""
        from provenance.source.hub.cache import commit_folder

        files = tuple(entry.files.by_path)
        lock = self.session.lock or Lock()
        locked = (*lock.closure(), *lock.models())
        return Loaded(
            repo=entry.repo or "",
            commit=commit_folder(entry.commit or ""),
            place=place,
            local=self.local_dir is not None,
            cache=self.options.cache_dir,
            files=files,
            documents=dict(_documents(place, files)),
            locked={e.repo: commit_folder(e.commit) for e in locked if e.repo and e.commit},
        )


def rules_for(session: Session, options: SourceOptions, entry: Entry) -> Rules:
    """By what an entry is judged today."""
    from provenance.gate import Rules

    return Rules(
        entry=entry,
        lock=session.lock or Lock(),
        policy=session.policy_of(entry),
        registry=session.registry,
        at=datetime.now(UTC),
        attestations=options.documents(session),
        tensors=known_here(session),
        scales=scales_of(session, options),
    )


def refusal(refused: Sequence[Verdict], session: Session) -> Summary:
    """The report on models that were refused."""
    return Summary(
        verdicts=tuple(refused),
        unjudged=(),
        policy=session.policy_source,
        registry=session.registry_source,
    )


def _documents(place: Path, files: Sequence[str]) -> Iterator[tuple[str, object]]:
    """The documents that say which library a model is for, those that can be read."""
    for name in (name for name in DOCUMENTS if name in files):
        with suppress(OSError, SourceError, Malformed):
            yield name, json.loads(read(str(place / name), MAX_DOCUMENT))
