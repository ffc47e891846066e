"""Verdicts on the models that are meant, against what is locked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from provenance.errors import ConfigError, SourceError, Unselected
from provenance.judgement import Trial, tried
from provenance.lock import Entry, Lock, remembered
from provenance.lock.known import matching, narrowed, with_locked
from provenance.model import Evidence
from provenance.policy import Model
from provenance.source.together import side_by_side
from provenance.verdict import Unjudged, Verdict
from provenance.workspace.gathering import Gathering
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of each model: the verdicts, and those that could not be judged."""

    session: Session
    trials: tuple[Trial, ...]
    unjudged: tuple[Unjudged, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One verdict for each model that was judged, in the order in which they were named."""
        return tuple(trial.verdict for trial in self.trials)


def verified(verifier: Verifier, replayed: Evidence | None = None) -> Verification:
    """The verdicts on all subjects of the session, several at a time."""
    session = verifier.gathering.session
    found = side_by_side(lambda subject: verifier.of(subject, replayed), session.subjects)
    return Verification(
        session=session,
        trials=tuple(item for item in found if isinstance(item, Trial)),
        unjudged=tuple(item for item in found if isinstance(item, Unjudged)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """One verdict after another, by the same rules.

    With `exact` the files must be those of the lockfile, and what has expired there holds on
    unless `strict_expiry`.
    """

    gathering: Gathering
    exact: bool = False
    strict_expiry: bool = False

    def __post_init__(self) -> None:
        if self.exact and self._session.lock is None:
            name = self._session.lock_path.name
            raise ConfigError(f"{name} does not exist: run `provenance lock`", path="--lock")

    @property
    def _session(self) -> Session:
        return self.gathering.session

    def of(self, subject: Subject, replayed: Evidence | None = None) -> Trial | Unjudged:
        """The verdict on one model, or why it could not be judged."""
        if replayed:
            return self._judged(subject, replayed, None)
        try:
            subject, evidence = self.gathering.evidence_on(subject, self._pinned(subject))
        except (SourceError, Unselected) as error:
            return Unjudged.because(subject.name, subject.ref.text, error)
        lock = self._session.lock
        if lock and self.exact:
            return self._against(subject, evidence, lock)
        locked = lock.named(subject.name) if lock and subject.place is None else None
        # A directory that is looked at by the way may be of any release.
        by_the_way = (
            subject.place is not None and subject.model not in self._session.settings.models
        )
        past = () if by_the_way else remembered(lock, subject.name, subject.ref.repo)
        return self._judged(subject, evidence, locked, past=past)

    def _pinned(self, subject: Subject) -> Entry | None:
        """The entry whose files are meant, unless another revision was asked for."""
        lock = self._session.lock if self.exact else None
        entry = lock.named(subject.name) if lock and subject.place is None else None
        same = entry and subject.ref.revision in (entry.revision, entry.commit)
        return entry if same else None

    def _against(self, subject: Subject, evidence: Evidence, lock: Lock) -> Trial:
        """The verdict where the files must be those of the lockfile: of the entry they match, else
        of the one that was named."""
        entry = matching(lock, evidence, subject.name)
        meant = entry or lock.named(subject.name)
        if entry:
            subject = self._named(subject, entry)
            evidence = narrowed(evidence, entry)
            evidence = with_locked(evidence, lock, entry)
        return self._judged(subject, evidence, meant, lenient=not self.strict_expiry)

    def _named(self, subject: Subject, entry: Entry) -> Subject:
        """The subject by the name, and under the policy, that the matching entry has."""
        listed = self._session.settings.named(entry.name)
        model = listed[0] if listed else Model(name=entry.name, repo=entry.repo)
        return replace(subject, name=entry.name, policy=self._session.policy_for(model))

    def _judged(
        self,
        subject: Subject,
        evidence: Evidence,
        locked: Entry | None,
        *,
        past: Sequence[Entry] = (),
        lenient: bool = False,
    ) -> Trial:
        return tried(
            evidence,
            replace(subject.policy, lenient_expiry=lenient),
            self._session.registry,
            name=subject.name,
            findings=self._session.findings,
            lock=self._session.lock,
            locked=locked,
            remembered=past,
            exact=self.exact,
        )
