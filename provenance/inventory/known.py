"""What lockfile and registry know of bytes, sizes and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from provenance.affected import Hit, affected
from provenance.formats.names import is_weight_name
from provenance.lock import Entry, Lock
from provenance.lock.known import selection
from provenance.lock.memory import above
from provenance.model import Evidence
from provenance.trust import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What lockfile and registry know by digest, size or name."""

    lock: Lock
    registry: Registry
    refused: Mapping[str, tuple[Hit, ...]]

    @classmethod
    def of(cls, lock: Lock, registry: Registry, at: datetime) -> Known:
        """What they know as of a moment."""
        refused: dict[str, list[Hit]] = {}
        for hit in affected(lock, registry, at):
            refused.setdefault(hit.name, []).append(hit)
        return cls(lock=lock, registry=registry, refused={k: tuple(v) for k, v in refused.items()})

    @property
    def speaks_by_digest(self) -> bool:
        """Whether the registry knows any bytes, so that no size says that they are none of them."""
        digests = any(one.kind in ("manifest", "file") for one in self.registry.revoked)
        return digests or any(org.roots for org in self.registry.orgs)

    def wanted(self, sizes: Mapping[str, int]) -> frozenset[str]:
        """The paths of the files whose digest may be one that is known, by their sizes."""
        if self.speaks_by_digest or any(fits(entry, sizes) for entry in self.lock.entries):
            return frozenset(sizes)
        known = {file.size for entry in self.lock.entries for file in entry.files.files}
        return frozenset(path for path, size in sizes.items() if size in known)

    def locked(self, evidence: Evidence, place: str) -> Entry | None:
        """The entry whose files lie here, or should by the name of what does."""
        return self.holding(evidence) or self.locked_at(evidence, place)

    def locked_at(self, evidence: Evidence, place: str) -> Entry | None:
        """The entry that has what lies here under its name: of the same repository or store and
        commit, or of this very folder."""
        ref = evidence.ref
        for entry in (*self.lock.models(), *self.lock.closure()):
            same = ref.commit and entry.commit == ref.commit
            if same and entry.source == ref.source and ref.repo in (None, entry.repo):
                return entry
            if entry.path and entry.path == place:
                return entry
        return None

    def elsewhere(self, evidence: Evidence) -> Entry | None:
        """An entry of the same name at another commit."""
        ref = evidence.ref
        named = (e for e in (*self.lock.models(), *self.lock.closure()) if e.commit)
        return next((e for e in named if ref.repo and e.repo == ref.repo), None) or next(
            (e for e in self.lock.models() if ref.source and e.source == ref.source), None
        )

    def holding(self, evidence: Evidence) -> Entry | None:
        """The entry whose files are just those that lie here, or its selection of them is."""
        found = {evidence.listing.digest, evidence.manifest.digest}
        entries = [*self.lock.models(), *self.lock.closure()]
        entries.sort(key=lambda entry: entry.repo != evidence.ref.repo)
        exact = (e for e in entries if found & {e.manifest, e.selected} - {""})
        sizes = {file.path: file.size for file in evidence.listing.files}
        fitting = (e for e in entries if fits(e, sizes))
        chosen = (e for e in fitting if e.selected == selection(evidence, e).digest)
        return next(exact, None) or next(chosen, None)

    def weighing(self, evidence: Evidence) -> tuple[Entry, ...]:
        """The fewest entries, the first first, that have every file of weights that lies here."""
        left = {file.sha256 for file in evidence.listing.files if is_weight_name(file.path)}
        found = []
        for entry in self.lock.entries if left and "" not in left else ():
            own = left & {file.sha256 for file in entry.files.files}
            if own:
                found.append(entry)
                left -= own
        return () if left or not found else tuple(found)

    def refusals(self, entries: Iterable[Entry]) -> Iterator[Hit]:
        """What is revoked of these entries, and of what the lockfile has above them."""
        for entry in entries:
            parents = {parent.repo for parent in entry.parents}
            for one in (entry, *above(self.lock, parents)):
                yield from self.refused.get(one.name, ())


def fits(entry: Entry, sizes: Mapping[str, int]) -> bool:
    """Whether each file of an entry may lie there, by path and size."""
    files = entry.files.files
    return bool(files) and all(sizes.get(file.path) == file.size for file in files)
