"""Branches and tags followed anew: what passes is locked, and what changed is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.lock import Entry, Lock
from provenance.review import Review, of_trial, review_of
from provenance.workspace.changes import before
from provenance.workspace.gathering import Gathering
from provenance.workspace.locking import Locked, LockOptions, check_asked, check_listed, locked
from provenance.workspace.resolver import Resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """The new lockfile, and what changes for each model that is locked anew or does not pass."""

    locked: Locked
    reviews: tuple[Review, ...]


def updated(gathering: Gathering) -> Updated:
    """Every branch and tag followed anew; a model that does not pass keeps the entry it had.

    Raises what `locked` does.
    """
    check_asked(gathering, "update")
    check_listed(gathering.session, [subject.name for subject in gathering.session.subjects])
    known = gathering.session.lock
    made = locked(gathering, LockOptions(upgrade=True))
    return Updated(locked=made, reviews=tuple(_bumps(made.found, known, gathering)))


def _bumps(found: Sequence[Resolved], lock: Lock | None, gathering: Gathering) -> Iterator[Review]:
    """What changes for each model whose newest revision is another than the locked one."""
    known = {entry.name: entry for entry in (lock.models() if lock else ())}
    for item in found:
        old = known.get(item.subject.name)
        if item.evaluation and (old is None or _is_other(old, item)):
            was = before(gathering, item.subject, old) if old else None
            yield review_of(item.subject.name, was, of_trial(item.evaluation))


def _is_other(old: Entry, item: Resolved) -> bool:
    verdict = item.evaluation.verdict if item.evaluation else None
    return verdict is not None and (old.commit, old.selected) != (verdict.commit, verdict.manifest)
