"""The measured bytes of locked models, for a bill of materials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance.errors import ConfigError
from provenance.formats.yaml import front_matter
from provenance.lock import Entry, Lock
from provenance.lock.known import matching
from provenance.model import Basis, Evidence, Ref
from provenance.source import directory
from provenance.source.progress import Progress
from provenance.verdict import Result

CARD = "README.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The passing models of a lockfile whose bytes were measured, and the names of the others.

    `licences` are by the name of a model, as its card states it.
    """

    entries: tuple[Entry, ...]
    licences: Mapping[str, str]
    unmeasured: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why nothing can be said of those that were not measured, and what to type."""
        return (
            f"{', '.join(self.unmeasured)} was not measured, and the Hub's cache does not have "
            "what is locked: run `provenance fetch`, or name the directories in which they lie"
        )


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
    models = [entry for entry in lock.models() if entry.verdict == Result.PASS]
    for entry in models:
        if entry.name not in known and entry.basis != Basis.MEASURED:
            evidence = _fetched(entry, cache_dir, at, progress)
            known |= {entry.name: evidence} if evidence else {}
    entries = [e for e in models if e.name in known or e.basis == Basis.MEASURED]
    return Measured(
        entries=tuple(entries),
        licences={name: _licence(evidence) for name, evidence in known.items()},
        unmeasured=tuple(entry.name for entry in models if entry not in entries),
    )


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


def _licence(evidence: Evidence) -> str:
    """The licence that the card states, or nothing."""
    card = evidence.by_path.get(CARD)
    stated = (front_matter(card.head) or {}).get("license") if card else None
    return _first(stated)


def _first(stated: object) -> str:
    if isinstance(stated, Sequence) and not isinstance(stated, str):
        stated = stated[0] if stated else ""
    return stated.strip() if isinstance(stated, str) else ""
