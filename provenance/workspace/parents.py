"""Whether a model may be the parent of a step: by its publisher, or by who trained it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from provenance.judgement import evaluate
from provenance.lineage import unverified_steps
from provenance.model import Evidence
from provenance.names import namespace_of
from provenance.policy import Policy
from provenance.verdict import Result, Verdict
from provenance.wire.bundle import opened
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject


def judged(
    session: Session, subject: Subject, evidence: Evidence, child: str
) -> tuple[Verdict, Evidence]:
    """The verdict on a parent of `child`, and what it is on, by the name that it goes by.

    It is of whatever release: the lockfile says which is deployed. A folder that is of no commit
    was perhaps never published: it passes too by a whole lineage, which a trainer of the child's
    organisation attests, in place of a publisher's signature.
    """
    found = _verdict(session, subject.name, evidence, subject.policy)
    if found.result is Result.PASS or subject.place is None or evidence.ref.commit:
        return found, evidence
    for name in dict.fromkeys(_called(evidence, child)):
        named = replace(evidence, ref=replace(evidence.ref, repo=name))
        unpublished = _verdict(session, subject.name, named, subject.policy.for_unpublished())
        if unpublished.result is Result.PASS:
            return unpublished, evidence if name == child else named
    return found, evidence


def _called(evidence: Evidence, child: str) -> Iterator[str]:
    """What statements over these very weights call the model, whoever signed them, in the child's
    namespace; one that is called nothing goes by the name of what is made from it."""
    files = {file.path: file.sha256 for file in evidence.manifest.files}
    for step in unverified_steps(opened(evidence.bundles)):
        about = step.subjects.keys() & files.keys()
        if about and all(step.subjects[path] == files[path] for path in about):
            name = step.model or child
            if namespace_of(name) == namespace_of(child) and evidence.ref.repo in (None, name):
                yield name


def _verdict(session: Session, name: str, evidence: Evidence, policy: Policy) -> Verdict:
    evaluation = evaluate(
        evidence, policy, session.registry, name=name, lock=session.lock, remembered=()
    )
    return evaluation.verdict
