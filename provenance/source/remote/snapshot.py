"""One model at one revision of a store: its listing, and the files of it that are fetched whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from provenance.formats.names import standing
from provenance.formats.signatures import is_evidence_name
from provenance.model import Observation
from provenance.source import evidence_files
from provenance.source.evidence_files import Found
from provenance.source.limits import Limits
from provenance.source.names import oddities
from provenance.source.remote.budget import Beyond
from provenance.source.remote.listed import Listed, is_small
from provenance.source.remote.release import Release

BOOKKEEPING = (".git/", ".cache/huggingface/")


@dataclass(kw_only=True)
class Snapshot:
    """One model at one revision, and what was fetched of it so far."""

    release: Release
    limits: Limits
    entries: dict[str, Listed]
    headers: bool = True
    fetched: dict[str, bytes] = field(default_factory=dict)
    beyond: set[str] = field(default_factory=set)
    held: int = 0

    def evidence(self) -> Found:
        """The evidence files at its top."""
        named = [path for path in self.entries if is_evidence_name(path)]
        small = [path for path in named if self.entries[path].size <= self.limits.bundle]
        self.fetch(self._fitting(small[: self.limits.bundles]))
        if named:
            self.fetch(self._fitting(filter(evidence_files.may_mention, self.entries)))
        return evidence_files.find(tuple(self.entries), self.read, self.limits)

    def odd(self, evidence: frozenset[str]) -> Iterator[Observation]:
        """What is odd about the names in the listing."""
        yield from oddities(self.entries.keys() - evidence)
        yield from oddities(evidence)
        for path in self.entries:
            if path.startswith(BOOKKEEPING):
                detail = "lies where git or a downloader keeps its own files: remove it"
                yield Observation(code="name", path=path, detail=detail)

    def read(self, path: str, most: int) -> bytes | None:
        """The bytes of a file of at most so many, or None; also where too many are held already."""
        if self.entries[path].size > most:
            return None
        self.fetch(self._fitting([path]))
        return self.fetched.get(path)

    def _fitting(self, paths: Iterable[str]) -> list[str]:
        """Those for which there is room beside what is held already: twice what is kept of it."""
        room = 2 * self.limits.kept - self.held
        fitting = []
        for path in sorted(set(paths) - self.fetched.keys(), key=standing):
            room -= self.entries[path].size
            if room >= 0:
                fitting.append(path)
        return fitting

    def fetch(self, paths: Iterable[str]) -> None:
        """The files are fetched whole, several at once; those that cannot be had are left out."""
        wanted = sorted((path for path in paths if path not in self.fetched), key=standing)
        for path, data in zip(
            wanted,
            self.release.each(f"{self.release.name}: reading files", self._get, wanted),
            strict=True,
        ):
            if data is not None:
                self.fetched[path] = data
                self.held += len(data)

    def _get(self, path: str) -> bytes | None:
        try:
            return self.release.whole(path, self.entries[path].size + 1)
        except Beyond:
            self.beyond.add(path)
            return None

    def stated(self, wanted: Sequence[Listed]) -> list[Listed]:
        """The same, with the digests that are stated only when they are asked for."""
        silent = [entry for entry in wanted if not entry.sha256 and not is_small(entry)]
        told = self.release.stated(silent) if silent else ()
        self.entries.update((entry.path, entry) for entry in told)
        return [self.entries[entry.path] for entry in wanted]

    def over(self, whole: Sequence[str], kept: int) -> frozenset[str]:
        """The small files for which there is no room: those that loaders open have theirs first."""
        over = set()
        for path in sorted(whole, key=standing):
            kept += self.entries[path].size
            if kept > self.limits.kept:
                over.add(path)
        return frozenset(over)
