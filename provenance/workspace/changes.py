"""What a pull request changes of each model that is judged: its lockfile against the base's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from provenance.errors import SourceError, Unselected
from provenance.judgement import Evaluation, evaluate
from provenance.lock import Entry
from provenance.lock.known import with_known_digests
from provenance.review import Review, Side, models_of, of_entry, of_trial, reviews_of_locks
from provenance.workspace.gathering import Gathering
from provenance.workspace.subjects import Subject


def changes(gathering: Gathering, evaluations: Iterable[Evaluation]) -> Mapping[str, Review] | None:
    """What becomes of each model of the two lockfiles, by its name; only of those that change.

    None where no base was named, or there is no lockfile. The old side is looked at again at its
    commit; where nobody shows it any more, it is as the lockfile has it.
    """
    session = gathering.session
    if session.base is None or session.proposed is None:
        return None
    fork = session.base.fork_lock
    known = {evaluation.verdict.name: evaluation for evaluation in evaluations}
    subjects = {subject.name: subject for subject in session.subjects}

    def sides(old: Entry | None, new: Entry | None) -> tuple[Side | None, Side | None]:
        evaluation = known.get(new.name) if new else None
        if old is None or new is None or evaluation is None:
            return (of_entry(old) if old else None, of_entry(new) if new else None)
        return before(gathering, subjects[new.name], old), of_trial(evaluation)

    reviews = reviews_of_locks(
        models_of(fork.entries if fork else ()), models_of(session.proposed.entries), sides
    )
    return {review_of.name: review_of for review_of in reviews}


def before(gathering: Gathering, subject: Subject, old: Entry) -> Side:
    """The locked revision, looked at again; as the lockfile has it where it is gone."""
    if subject.place is not None or old.path:
        return of_entry(old)
    subject = replace(subject, ref=replace(subject.ref, repo=old.repo))
    try:
        evidence = with_known_digests(gathering.of(subject, pinned=old), old)
    except (SourceError, Unselected):
        return of_entry(old)
    registry = gathering.session.registry
    return of_trial(evaluate(evidence, subject.policy, registry, name=subject.name))
