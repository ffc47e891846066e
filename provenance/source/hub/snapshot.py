"""One model at one commit of a Hub: its listing, and the files of it that are fetched whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from provenance.errors import Absent
from provenance.formats.names import standing
from provenance.model import Observation
from provenance.source import evidence_files
from provenance.source.evidence_files import Found
from provenance.source.hub import listing
from provenance.source.hub.client import FILE_TIMEOUT, Beyond, Hub, Question, RequestBudget
from provenance.source.hub.listing import Listed
from provenance.source.limits import Limits
from provenance.source.names import oddities

SMALL = 1 << 20
LARGEST_PLAIN = 10 << 20
"""What a Hub keeps in git itself; a larger file is LFS, whether or not the listing says so."""

BOOKKEEPING = (".git/", ".cache/huggingface/")


@dataclass(kw_only=True)
class Snapshot:
    """One model at one commit, and what was fetched of it so far."""

    hub: Hub
    repo: str
    commit: str
    account: RequestBudget
    limits: Limits
    entries: dict[str, Listed]
    headers: bool = True
    fetched: dict[str, bytes] = field(default_factory=dict)
    beyond: set[str] = field(default_factory=set)
    held: int = 0

    def evidence(self) -> Found:
        """The evidence files at its top."""
        named = [path for path in self.entries if evidence_files.is_evidence_name(path)]
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
            wanted, self.hub.each(f"{self.repo}: reading files", self._get, wanted), strict=True
        ):
            if data is not None:
                self.fetched[path] = data
                self.held += len(data)

    def _get(self, path: str) -> bytes | None:
        size = self.entries[path].size
        url = self.hub.file(self.repo, self.commit, path)
        question = Question(url=url, repo=self.repo, most=size + 1, cut=True, timeout=FILE_TIMEOUT)
        try:
            return self.hub.ask(question, self.account).body
        except Beyond:
            self.beyond.add(path)
            return None
        except Absent as error:
            if error.code != "EntryNotFound":
                raise
            return None

    def stated(self, wanted: Sequence[Listed]) -> list[Listed]:
        """The same, with the digests that the Hub states only when it is asked for them."""
        silent = [entry for entry in wanted if not entry.sha256 and not is_small(entry)]
        told = (
            listing.stated(self.hub, self.repo, self.commit, silent, self.account) if silent else ()
        )
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


def is_small(entry: Listed) -> bool:
    """Whether it is fetched whole: LFS below 1 MiB, or what can only be a blob of git."""
    if entry.size < SMALL:
        return True
    return not entry.lfs and bool(entry.blob) and entry.size <= LARGEST_PLAIN
