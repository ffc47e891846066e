"""One model after the other, judged against what the lockfile has of it and made an entry."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.case.assessments import failures
from provenance.entries import ancestor_entries, entry_of, is_complete, member_entries
from provenance.errors import Absent, SourceError, Unselected
from provenance.judgement import Evaluation, evaluate
from provenance.lock import Entry, Lock, LockedFailure, Part, remembered
from provenance.lock.known import bytes_may_tell, with_known_digests
from provenance.lock.sketch import marks, openings_in
from provenance.lock.update import kin, relocked, standing
from provenance.model import Evidence
from provenance.source.together import side_by_side
from provenance.verdict import Result, Unjudged
from provenance.workspace.gathering import Gathering
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What became of one model: its verdict, and its new entry if it passes, or why it has none.

    `gone` says that the Hub has the repository and not the commit that is locked.
    """

    subject: Subject
    evaluation: Evaluation | None = None
    entry: Entry | None = None
    failures: tuple[LockedFailure, ...] = ()
    unjudged: Unjudged | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """One model after the other is judged against what the lock has of it, and made an entry."""

    gathering: Gathering
    upgrade: Callable[[Subject], bool]
    accepted: dict[str, frozenset[str]]
    measure: bool
    known: Lock | None

    @property
    def _session(self) -> Session:
        return self.gathering.session

    def judged(self, subject: Subject) -> Resolved:
        """The model judged at its locked commit, or at today's where it is not locked so."""
        before = _own(self._session.lock, subject)
        locked = _own(self._session.proposed, subject) or before
        kept = locked if locked and _in_step(locked, subject) else None
        pinned = None if self.upgrade(subject) else kept
        try:
            subject, evidence = self.gathering.evidence_on(subject, pinned)
            evidence = with_known_digests(evidence, kept)
            evaluation = self._evaluated(subject, evidence)
            if self.measure and subject.place is None and bytes_may_tell(evaluation.verdict):
                evidence = self._measured(evidence)
                evaluation = self._evaluated(subject, evidence)
        except (SourceError, Unselected) as error:
            gone = pinned is not None and is_gone(error)
            unjudged = Unjudged.because(subject.name, subject.ref.text, error)
            return Resolved(subject=subject, unjudged=unjudged, gone=gone)
        return self._concluded(subject, evaluation)

    def _concluded(self, subject: Subject, evaluation: Evaluation) -> Resolved:
        path = _written(subject, self._session)
        passes = evaluation.verdict.result is Result.PASS
        entry = entry_of(
            subject.name,
            evaluation,
            path=path,
            before=_own(self._session.lock, subject),
            past=_past(self._session.lock, subject),
        )
        return Resolved(
            subject=subject,
            evaluation=evaluation,
            entry=entry if passes else None,
            failures=tuple(failures(evaluation.case)),
        )

    def locked(self, subjects: Sequence[Subject]) -> tuple[list[Resolved], Lock]:
        """What became of each model, and the new lock."""
        found = side_by_side(self.judged, subjects)
        return self._settled(found) if self._kin(found) else (found, self.lock(found))

    def _kin(self, found: Sequence[Resolved]) -> frozenset[str]:
        """The judged models whose verdict may depend on whether another is locked."""
        evidences = [(i.subject.name, i.evaluation.case.evidence) for i in found if i.evaluation]
        known = self._session.lock.models() if self._session.lock else ()
        return kin(
            (
                *((n, e.ref.repo, e.manifest, marks(e.weights.tensors)) for n, e in evidences),
                *((e.name, e.repo, e.files, openings_in(e.tensors)) for e in known),
            )
        )

    def _settled(self, found: list[Resolved]) -> tuple[list[Resolved], Lock]:
        """The verdicts that still hold once they are locked, and the lock that they make.

        Copies of one another are judged by what is locked of the others, so that all of them are
        judged anew until nothing changes. What passes only as long as it is not locked does not
        pass: a signature names no model, and of two with the same files one is false.
        """
        kin, lost = self._kin(found), dict[str, Resolved]()
        rounds = [found]
        locks = [self.lock(found)]
        while True:
            again = replace(self, known=locks[-1])
            now = [lost.get(i.subject.name) or again._evaluated_again(i, kin) for i in rounds[-1]]
            new = self.lock(now)
            if new.entries == locks[-1].entries:
                return now, new
            before = next((n for n, lock in enumerate(locks) if lock.entries == new.entries), None)
            rounds.append(now)
            locks.append(new)
            if before is not None:
                wavering = _wavering(rounds[before + 1 :])
                if not wavering:
                    return now, new
                lost |= wavering
                rounds = [[lost.get(item.subject.name, item) for item in now]]
                locks = [self.lock(rounds[0])]

    def _evaluated_again(self, item: Resolved, kin: Collection[str]) -> Resolved:
        if item.evaluation is None or item.subject.name not in kin:
            return item
        return self._concluded(
            item.subject, self._evaluated(item.subject, item.evaluation.case.evidence)
        )

    def _measured(self, declared: Evidence) -> Evidence:
        """The evidence by the bytes, where they can be asked for."""
        from provenance.source.hub import cache
        from provenance.source.remote.staging import measured

        gathering = self.gathering
        release = gathering.release(declared)
        if release is None:
            return declared
        name = declared.ref.repo or declared.ref.text
        place = cache.staging(gathering.options.cache_dir, name, declared.ref.commit or "")
        found = measured(release, declared, place, gathering.tensors)
        return gathering.with_detached(found)

    def _evaluated(self, subject: Subject, evidence: Evidence) -> Evaluation:
        setting = self._session
        return evaluate(
            evidence,
            subject.policy,
            setting.registry,
            name=subject.name,
            findings=setting.findings,
            lock=self.known,
            locked=_own(setting.lock, subject),
            remembered=_past(setting.lock, subject),
            accepted=self.accepted.get(subject.name, frozenset()),
        )

    def lock(self, found: Sequence[Resolved]) -> Lock:
        """The lock with the new entries, without models that are no longer named.

        What did not pass, was not asked about or could not be keeps what it has.
        """
        setting = self._session
        fresh = {item.subject.name: item.entry for item in found if item.entry}
        entries = standing(self._old(found), fresh, setting.settings.models)
        passing = [item.evaluation for item in found if item.entry and item.evaluation]
        cases = [evaluation.case for evaluation in passing]
        above = ancestor_entries(cases, setting.registry)
        partly = len(fresh) < len(entries) or not all(is_complete(c.evidence) for c in cases)
        return relocked(
            setting.lock,
            setting.registry,
            [
                *entries,
                *above,
                *(self._above(above) if partly else ()),
                *self._members(entries, passing),
            ],
            (failure for item in found for failure in item.failures),
        )

    def _old(self, found: Sequence[Resolved]) -> list[Entry]:
        """The entries that stay where there is no new one.

        Of a model that a pull request brings, and that could not be asked for, that is its own
        entry: nobody can say that it is another.
        """
        setting = self._session
        entries = setting.lock.models() if setting.lock else ()
        if setting.base is None:
            return list(entries)
        unasked = {item.subject.name for item in found if item.unjudged}
        proposed = setting.proposed.models() if setting.proposed else ()
        kept = [entry for entry in entries if entry.name not in unasked]
        return [*kept, *(entry for entry in proposed if entry.name in unasked)]

    def _members(self, models: Sequence[Entry], passing: Sequence[Evaluation]) -> Iterator[Entry]:
        """What loaders fetch for the models: as it was judged now, else as it was locked."""
        standing = self._session.standing
        fresh = {entry.name: entry for entry in member_entries(passing, self._session.lock)}
        known = {entry.name: entry for entry in (standing.closure() if standing else ())} | fresh
        wanted = {f"{one.repo}@{one.commit}" for entry in models for one in entry.members}
        yield from (entry for name, entry in sorted(known.items()) if name in wanted)

    def _above(self, fresh: Sequence[Entry]) -> Iterator[Entry]:
        """The ancestors of whatever was not looked at as a whole."""
        setting = self._session
        lock = setting.standing
        known = {(entry.part, entry.name) for entry in fresh}
        for entry in lock.entries if lock else ():
            if entry.part is Part.ANCESTOR and (entry.part, entry.name) not in known:
                yield entry


def is_gone(error: Exception) -> bool:
    """Whether a Hub has the repository and not the branch, tag or commit."""
    return isinstance(error, Absent) and error.is_revision


def _wavering(rounds: Sequence[Sequence[Resolved]]) -> dict[str, Resolved]:
    """The models that pass in some of the rounds and not in others, as those others have them."""
    passing = {item.subject.name for found in rounds for item in found if item.entry}
    failing = {item.subject.name: item for found in rounds for item in found if not item.entry}
    return {name: item for name, item in failing.items() if name in passing}


def _own(lock: Lock | None, subject: Subject) -> Entry | None:
    """The entry of this name and of what it names; one of another repository is none of it."""
    return next((e for e in _past(lock, subject) if e.name == subject.name), None)


def _past(lock: Lock | None, subject: Subject) -> tuple[Entry, ...]:
    """Every entry of what the model names, whatever its own name."""
    return remembered(lock, subject.name, subject.ref.repo)


def _in_step(entry: Entry, subject: Subject) -> bool:
    """Whether the entry is an answer to what is asked for today."""
    asked = subject.ref
    return (entry.repo, entry.source, entry.revision) == (asked.repo, asked.source, asked.revision)


def _written(subject: Subject, setting: Session) -> str | None:
    """The path of a model on disk as the settings have it."""
    if subject.place is None:
        return None
    base = setting.settings_path.parent if setting.settings_path else Path.cwd()
    absolute = subject.place.absolute()
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else str(absolute)


def unasked(found: Iterable[Resolved], lock: Lock | None, words: Sequence[str]) -> Iterator[str]:
    """For each model that could not be judged: what stays, and what to type then."""
    for item in found:
        name = item.subject.name
        if item.unjudged:
            entry = _own(lock, item.subject)
            kept = f"it stays as it is locked{_at(entry)}" if entry else "it is not locked"
            then, step = "once it can be asked for", (*words, name)
            if item.gone:
                then, step = "if you mean to follow it", ("lock", "--upgrade-model", name)
            yield f"  {name}: {kept}; {then}, `{shlex.join(['provenance', *step])}`"


def _at(entry: Entry) -> str:
    return f" (commit {entry.commit})" if entry.commit else ""
