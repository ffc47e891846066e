"""Verdicts on the models that are meant, against what is locked of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provenance import replay
from provenance.errors import ConfigError, SourceError, Unselected
from provenance.judgement import Evaluation, evaluate
from provenance.lock import Entry, Lock, remembered
from provenance.lock.known import matching, narrowed, with_known_digests, with_locked
from provenance.model import Evidence
from provenance.source.evidence_files import read
from provenance.source.together import side_by_side
from provenance.status import SHORT, Upstream, follows
from provenance.verdict import Unjudged, Verdict
from provenance.workspace.gathering import Gathering
from provenance.workspace.lockfile import answering
from provenance.workspace.replaying import as_said
from provenance.workspace.resolver import is_gone
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject
from provenance.workspace.upstream import upstream_of

if TYPE_CHECKING:
    from provenance.workspace.workspace import Workspace

MAX_EVIDENCE = 512 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of each model: the verdicts, and those that could not be judged.

    `upstream` are the branches and tags of those that were judged at their locked commit, as they
    stand today.
    """

    session: Session
    evaluations: tuple[Evaluation, ...]
    unjudged: tuple[Unjudged, ...]
    upstream: tuple[Upstream, ...] = ()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One verdict for each model that was judged, in the order in which they were named."""
        return tuple(evaluation.verdict for evaluation in self.evaluations)

    def notes(self) -> Iterator[str]:
        """One line for each model whose branch or tag is not at the locked commit any more."""
        for item in self.upstream:
            if item.moved or item.head is None:
                listed = self.session.settings.named(item.name)
                update = f"`{shlex.join(['provenance', 'update', item.name])}`"
                aim = "not to hash them each time" if item.rewritten else "to follow it"
                follow = f": {aim}, {update}" if item.moved and listed else ""
                at = item.locked[:SHORT]
                yield f"{item.name}: judged as locked, at {at}; {item.words}{follow}"


def written_down(file: Path) -> Evidence:
    """The evidence in a file that `inspect --format json` wrote, or ConfigError, Malformed."""
    return replay.loads(read(str(file), MAX_EVIDENCE))


def refreshed(session: Session, workspace: Workspace) -> Session:
    """The session by the public-good Sigstore root of now, or ConfigError where offline."""
    if workspace.options.offline:
        raise ConfigError("asks for the network, and --offline forbids it", path="--refresh-roots")
    return session.with_public_good(workspace.environment.authorities)


def verified(verifier: Verifier, replayed: Evidence | None = None) -> Verification:
    """The verdicts on all subjects of the session, several at a time."""
    session = verifier.gathering.session
    found = side_by_side(lambda subject: verifier.of(subject, replayed), session.subjects)
    return Verification(
        session=session,
        evaluations=tuple(item for item in found if isinstance(item, Evaluation)),
        unjudged=tuple(item for item in found if isinstance(item, Unjudged)),
        upstream=() if replayed else tuple(verifier.upstream()),
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

    def of(self, subject: Subject, replayed: Evidence | None = None) -> Evaluation | Unjudged:
        """The verdict on one model, or why it could not be judged."""
        if replayed:
            session = self._session
            stored = as_said(replayed, subject.model, session.settings, session.registry)
            return self._judged(subject, stored, None, exact=self.exact)
        pinned = self._pinned(subject)
        try:
            subject, evidence = self.gathering.evidence_on(subject, pinned)
        except (SourceError, Unselected) as error:
            unjudged = Unjudged.because(subject.name, subject.ref.text, error)
            return _gone(unjudged) if pinned and is_gone(error) else unjudged
        evidence = with_known_digests(evidence, pinned)
        lock = self._session.lock
        from_cache = pinned is not None and subject.is_on_hub and self.gathering.hub is None
        if lock and (self.exact or (from_cache and not self._session.base)):
            return self._against(subject, evidence, lock)
        # A directory that is looked at by the way may be of any release.
        by_the_way = (
            subject.place is not None and subject.model not in self._session.settings.models
        )
        past = () if by_the_way else remembered(lock, subject.name, subject.ref.repo)
        return self._judged(subject, evidence, self._known(subject), past=past)

    def upstream(self) -> Iterator[Upstream]:
        """Where the branches and tags stand of the models that are judged as they are locked.

        Of a pull request nothing is asked: what it brings is judged, and where a branch has moved
        to meanwhile is not its matter.
        """
        session = self._session
        if self.exact or session.base:
            return
        gathering = self.gathering
        pinned = [self._pinned(subject) for subject in session.subjects]
        entries = [
            entry
            for entry in pinned
            if entry and follows(entry) and (gathering.hub or entry.source is not None)
        ]
        yield from side_by_side(partial(upstream_of, gathering.hub, gathering.store), entries)

    def _pinned(self, subject: Subject) -> Entry | None:
        """The entry whose commit is meant; with `exact` that of the base of a pull request."""
        session = self._session
        return answering(session.lock, subject) if self.exact else session.pinned(subject)

    def _known(self, subject: Subject) -> Entry | None:
        """What was locked of the model, whatever commit is judged now."""
        lock = self._session.lock
        return lock.named(subject.name) if lock and subject.place is None else None

    def _against(self, subject: Subject, evidence: Evidence, lock: Lock) -> Evaluation:
        """The verdict where the files must be those of the lockfile: of the entry they match, else
        of the one that was named."""
        entry = matching(lock, evidence, subject.name)
        meant = entry or lock.named(subject.name)
        if entry:
            subject = self._named(subject, entry)
            evidence = narrowed(evidence, entry)
            evidence = with_locked(evidence, lock, entry)
        lenient = self.exact and not self.strict_expiry
        return self._judged(subject, evidence, meant, exact=True, lenient=lenient)

    def _named(self, subject: Subject, entry: Entry) -> Subject:
        """The subject by the name, and under the policy, that the matching entry has."""
        return replace(subject, name=entry.name, policy=self._session.policy_of(entry))

    def _judged(
        self,
        subject: Subject,
        evidence: Evidence,
        locked: Entry | None,
        *,
        past: Sequence[Entry] = (),
        exact: bool = False,
        lenient: bool = False,
    ) -> Evaluation:
        return evaluate(
            evidence,
            replace(subject.policy, lenient_expiry=lenient),
            self._session.registry,
            name=subject.name,
            findings=self._session.findings,
            lock=self._session.lock,
            locked=locked,
            remembered=past,
            exact=exact,
        )


def _gone(model: Unjudged) -> Unjudged:
    """The same, where it is the locked commit that the Hub does not have any more."""
    follow = shlex.join(["provenance", "lock", "--upgrade-model", model.name])
    said = f"{model.reason}, which is what is locked: if you mean to follow it, `{follow}`"
    return replace(model, reason=said)
