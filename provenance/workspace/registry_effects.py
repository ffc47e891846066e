"""What becomes of models where another registry judges them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provenance.errors import SourceError
from provenance.judgement import judge
from provenance.source.together import side_by_side
from provenance.trust import Registry
from provenance.verdict import Result, Verdict
from provenance.workspace.gathering import Gathering
from provenance.workspace.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The verdicts on one model by two registries, or why it could not be judged."""

    name: str
    old: Verdict | None = None
    new: Verdict | None = None
    reason: str = ""

    @property
    def worse(self) -> bool:
        """Whether it passes by the old registry and not by the new."""
        results = [verdict.result for verdict in (self.old, self.new) if verdict is not None]
        return len(results) == 2 and results[0] is Result.PASS and results[1] is not Result.PASS


def effects(gathering: Gathering, before: Registry) -> Iterator[Effect]:
    """What becomes of each model of the session, as it is locked, by `before` and by its own."""
    subjects = gathering.session.subjects
    yield from side_by_side(lambda subject: _effect(subject, gathering, before), subjects)


def _effect(subject: Subject, gathering: Gathering, before: Registry) -> Effect:
    session = gathering.session
    entry = session.lock.named(subject.name) if session.lock else None
    try:
        evidence = gathering.of(subject, pinned=entry)
    except SourceError as error:
        return Effect(name=subject.name, reason=str(error))
    old, new = (
        judge(evidence, subject.policy, registry, name=subject.name, lock=None, locked=entry)
        for registry in (before, session.registry)
    )
    return Effect(name=subject.name, old=old, new=new)
