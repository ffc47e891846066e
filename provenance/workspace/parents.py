"""Which models are the parents of a step, and whether each may be: by its publisher, or by who
trained it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from provenance.formats.names import is_by_product
from provenance.judgement import evaluate
from provenance.lineage import unverified_steps
from provenance.model import Evidence
from provenance.names import namespace_of
from provenance.policy import Policy
from provenance.verdict import Result, Verdict
from provenance.wire.bundle import opened
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject

SHARDS = ("global_step*", "pytorch_model_fsdp_*", "optimizer_*")
"""Folders in which DeepSpeed and FSDP keep what each process has of a model: no loader reads it."""
UNFINISHED = ".claims.jsonl.*"
"""What a process leaves that was killed while it wrote a statement."""
BESIDE = (*SHARDS, "checkpoint-*", "tmp-checkpoint-*", "runs", "wandb", "mlruns", UNFINISHED)
"""What trainers and their trackers write beside a model, by names at the top of the folder."""


def of_parents(session: Session, parents: Sequence[str]) -> Session:
    """The session with the named parents alone: of none named, none. A folder that nobody listed
    is judged without what a trainer left beside the model in it."""
    subjects = [_as_loaded(subject) for subject in session.subjects] if parents else ()
    return replace(session, subjects=tuple(subjects))


def _as_loaded(subject: Subject) -> Subject:
    if subject.place is None or subject.model.repo or subject.exclude:
        return subject
    return replace(subject, exclude=left_behind(subject.place))


def left_behind(folder: Path) -> tuple[str, ...]:
    """The patterns of what a trainer left beside a model that was never published, which belongs to
    no model: checkpoints, logs, and the pickles that no loader opens."""
    names = sorted(os.listdir(folder)) if folder.is_dir() else ()
    kept = (f"{name}/" for name in names if is_beside(name))
    return (*kept, *(name for name in names if is_by_product(name)))


def is_beside(name: str) -> bool:
    """Whether trainers or trackers write what has this name at the top of a model's folder."""
    return any(fnmatchcase(name, pattern) for pattern in BESIDE)


def judged(
    session: Session, subject: Subject, evidence: Evidence, child: str
) -> tuple[Verdict, Evidence]:
    """The verdict on a parent of `child`, and what it is on, by the name that it goes by.

    It is of whatever release: the lockfile says which is deployed. A folder that is of no commit
    was perhaps never published: it passes too by a whole lineage, which a trainer of the child's
    organisation attests, in place of a publisher's signature; and so does a copy of a root.
    """
    found = _verdict(session, subject.name, evidence, subject.policy)
    if found.result is Result.PASS or subject.place is None or evidence.ref.commit:
        return found, evidence
    best = found
    roots = session.registry.roots_with(evidence.manifest.digest)
    names = [root.repo for root in roots if evidence.ref.repo in (None, root.repo)]
    for name in dict.fromkeys((*names, *_called(evidence, child))):
        named = replace(evidence, ref=replace(evidence.ref, repo=name))
        unpublished = _verdict(session, subject.name, named, subject.policy.for_unpublished())
        if unpublished.result is Result.PASS:
            return unpublished, evidence if name == child else named
        best = unpublished
    return best, evidence


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
