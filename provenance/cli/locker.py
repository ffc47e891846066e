"""One model after the other, judged against what the lockfile has of it and made an entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provenance import locking
from provenance.checks.words import failures
from provenance.cli.gathering import Gathering
from provenance.cli.outcome import CANNOT_JUDGE, RESULTS
from provenance.cli.subjects import Bench, Subject
from provenance.errors import SourceError
from provenance.judgement import Trial, tried
from provenance.lock import Entry, Lock, LockedFailure, Part
from provenance.model import Evidence
from provenance.source.together import side_by_side
from provenance.verdict import Result

if TYPE_CHECKING:
    from provenance.source.hub.client import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of one model: its verdict and new entry, or why there is none."""

    subject: Subject
    code: int
    trial: Trial | None = None
    entry: Entry | None = None
    evidence: Evidence | None = None
    failures: tuple[LockedFailure, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locker:
    """One model after the other is judged against what the lock has of it, and made an entry."""

    gathering: Gathering
    upgrade: Callable[[Subject], bool]
    accepted: dict[str, frozenset[str]]
    measure: bool
    known: Lock | None

    def judged(self, subject: Subject) -> Judged:
        """The model judged at its locked commit, or at today's where it is not locked so."""
        before = self._before(subject)
        locked = self._proposed(subject) or before
        kept = locked if locked and _in_step(locked, subject) else None
        pinned = None if self.upgrade(subject) else kept
        try:
            subject, evidence = self.gathering.evidence_on(subject, pinned)
            evidence = locking.with_known_digests(evidence, pinned)
            trial = self._tried(subject, evidence, before)
            hub = self.gathering.hub if subject.place is None else None
            if self.measure and hub and locking.bytes_may_tell(trial.verdict):
                evidence = self._measured(hub, evidence)
                trial = self._tried(subject, evidence, before)
        except SourceError as error:
            return Judged(subject=subject, code=CANNOT_JUDGE, error=str(error))
        holds = trial.verdict.result is Result.PASS
        path = _written(subject, self.gathering.bench)
        entry = locking.entry_of(subject.name, trial, path=path, before=before)
        return Judged(
            subject=subject,
            code=RESULTS[trial.verdict.result],
            trial=trial,
            entry=entry if holds else before,
            evidence=evidence if holds else None,
            failures=tuple(failures(trial.case)),
        )

    def locked(self, subjects: Sequence[Subject], *, whole: bool) -> tuple[list[Judged], Lock]:
        """What became of each model, and the new lock."""
        found = side_by_side(self.judged, subjects)
        new = self.lock(found, whole=whole)
        if twins := locking.twins(new):
            # A signature names no model: two of one publisher with the same files, one is false.
            again = replace(self, known=new)
            found = [again.judged(i.subject) if i.subject.name in twins else i for i in found]
            new = again.lock(found, whole=whole)
        return found, new

    def _before(self, subject: Subject) -> Entry | None:
        lock = self.gathering.bench.lock
        models = lock.models() if lock else ()
        return next((entry for entry in models if entry.name == subject.name), None)

    def _proposed(self, subject: Subject) -> Entry | None:
        """What a pull request locks: the commit to look at, and nothing more."""
        proposed = self.gathering.bench.proposed
        models = proposed.models() if proposed else ()
        return next((entry for entry in models if entry.name == subject.name), None)

    def _measured(self, hub: Hub, declared: Evidence) -> Evidence:
        from provenance.source.hub.staging import measured

        found = measured(hub, declared, self.gathering.means.cache_dir)
        return self.gathering.with_detached(found)

    def _tried(self, subject: Subject, evidence: Evidence, before: Entry | None) -> Trial:
        setting = self.gathering.bench
        return tried(
            evidence,
            subject.policy,
            setting.registry,
            name=subject.name,
            findings=setting.findings,
            lock=self.known,
            locked=before,
            accepted=self.accepted.get(subject.name, frozenset()),
        )

    def lock(self, found: Sequence[Judged], *, whole: bool) -> Lock:
        """The lock with the new entries; where `whole`, without models that are no longer named."""
        setting = self.gathering.bench
        named = {item.subject.name for item in found}
        old = setting.lock.entries if setting.lock else ()
        others = [entry for entry in old if entry.part is Part.MODEL and entry.name not in named]
        listed = {model.name for model in setting.settings.models}
        kept = [] if whole else [entry for entry in others if entry.name in listed]
        entries = [*kept, *(item.entry for item in found if item.entry)]
        evidences = [item.evidence for item in found if item.evidence]
        fresh = locking.ancestor_entries(evidences, setting.registry)
        unseen = bool(kept) or any(item.entry and not item.evidence for item in found)
        called = {entry.name for entry in fresh}
        past = [e for e in old if unseen and e.part is Part.ANCESTOR and e.name not in called]
        return locking.relocked(
            setting.lock,
            setting.registry,
            [*entries, *fresh, *past],
            (failure for item in found for failure in item.failures),
        )


def _in_step(entry: Entry, subject: Subject) -> bool:
    """Whether the entry is an answer to what is asked for today."""
    return (entry.repo, entry.revision) == (subject.ref.repo, subject.ref.revision)


def _written(subject: Subject, setting: Bench) -> str | None:
    """The path of a model on disk as the settings have it."""
    if subject.place is None:
        return None
    base = setting.settings_path.parent if setting.settings_path else Path.cwd()
    absolute = subject.place.absolute()
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else str(absolute)
