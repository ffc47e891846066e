"""The measured bytes of locked models, for a bill of materials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance.errors import ConfigError
from provenance.lock import Entry, Lock
from provenance.lock.known import matching
from provenance.model import Basis, Evidence, Ref
from provenance.source import directory
from provenance.source.progress import Progress
from provenance.verdict import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The passing models of a lockfile, and the evidence on those whose bytes are here, by name."""

    entries: tuple[Entry, ...]
    here: Mapping[str, Evidence]

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """The names of those that nobody has measured."""
        return tuple(entry.name for entry in self.entries if not self.has(entry))

    @property
    def reason(self) -> str:
        """Why nothing can be said of the files of those, and what to type."""
        return (
            f"{', '.join(self.unmeasured)} was not measured, and the Hub's cache does not have "
            "what is locked: run `provenance fetch`, or name the directories in which they lie"
        )

    def has(self, entry: Entry) -> bool:
        """Whether the files of a model were measured, now or when it was locked."""
        return entry.name in self.here or entry.basis == Basis.MEASURED


def measured(
    lock: Lock,
    directories: Sequence[Path],
    *,
    at: datetime,
    progress: Progress,
    cache_dir: Path | None = None,
) -> Measured:
    """What was measured when it was locked, and what lies in `directories` or the Hub's cache.

    Raises ConfigError for a directory that holds no locked model, SourceError.
    """
    found = [
        directory.collect(place, ref=Ref(text=str(place)), at=at, progress=progress)
        for place in directories
    ]
    known = {_entry(lock, evidence).name: evidence for evidence in found}
    models = tuple(entry for entry in lock.models() if entry.verdict == Result.PASS)
    for entry in models:
        if entry.name not in known and entry.basis != Basis.MEASURED:
            evidence = _fetched(entry, cache_dir, at, progress)
            known |= {entry.name: evidence} if evidence else {}
    return Measured(entries=models, here=known)


def _entry(lock: Lock, evidence: Evidence) -> Entry:
    entry = matching(lock, evidence)
    if entry is None:
        raise ConfigError("holds the files of no locked model", path=evidence.ref.text)
    return entry


def _fetched(
    entry: Entry, cache_dir: Path | None, at: datetime, progress: Progress
) -> Evidence | None:
    """The evidence on a model where it lies in the Hub's cache just as it is locked."""
    from provenance.source.hub import cache

    if entry.repo is None or entry.commit is None:
        return None
    place = cache.snapshot(cache_dir, entry.repo, entry.commit)
    if not place.is_dir():
        return None
    found = directory.collect(
        place,
        ref=Ref(text=entry.name, repo=entry.repo, commit=entry.commit),
        at=at,
        include=entry.include,
        exclude=entry.exclude,
        progress=progress,
    )
    return found if found.manifest.digest == entry.selected else None
