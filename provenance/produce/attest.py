"""Attesting a training step: a statement over every file of the model that it made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provenance.errors import ConfigError
from provenance.formats.json import on_one_line
from provenance.lineage import statement_of
from provenance.model import Evidence
from provenance.produce.sign import of_a_size, refuse_strange
from provenance.wire import training
from provenance.wire.bundle import opened
from provenance.wire.training import Material, Method, Parent, Step


@dataclass(frozen=True, kw_only=True)
class Making:
    """How a model was made; `parameters` is whatever JSON can say of it."""

    model: str
    method: Method
    parents: Sequence[Parent]
    materials: Sequence[Material] = ()
    parameters: Mapping[str, object] | None = None
    builder: str
    started: datetime | None = None
    finished: datetime | None = None


def statement(evidence: Evidence, making: Making) -> bytes:
    """The training statement over every file of `evidence`, or ConfigError if that must not be.

    Refused: a model without files, a selection of one, a file whose bytes were not measured, and
    a method that does not go with its parents.
    """
    if evidence.include or evidence.exclude:
        raise ConfigError("a statement is about the whole model: no --include, no --exclude")
    if not evidence.manifest.files:
        raise ConfigError("there is no file to attest")
    refuse_strange(evidence)
    if making.method is Method.PRETRAIN and making.parents:
        raise ConfigError("pretraining begins with nothing: leave --parent out", path="--method")
    if making.method is not Method.PRETRAIN and not making.parents:
        raise ConfigError(f"{making.method} begins with a model: name it", path="--parent")
    step = Step(
        model=making.model,
        method=making.method,
        subjects={file.path: file.sha256 for file in evidence.manifest.files},
        parents=tuple(making.parents),
        materials=tuple(making.materials),
        parameters=json.dumps(making.parameters, default=str) if making.parameters else "",
        builder=making.builder,
        started=making.started,
        finished=making.finished,
    )
    return of_a_size(training.statement(step), f"{len(step.subjects)} files")


def parent(evidence: Evidence, *, verified: bool) -> Parent:
    """A model as the parent of a step, by every digest of it; ConfigError if one is unknown."""
    for file in evidence.manifest.files:
        if not file.sha256:
            raise ConfigError("its SHA-256 is not known: fetch the model", path=file.path)
    return Parent(
        repo=evidence.ref.repo,
        commit=evidence.ref.commit,
        manifest=evidence.manifest.digest,
        files=evidence.manifest.files,
        unverified=not verified,
    )


def earlier(parents: Sequence[Evidence]) -> tuple[bytes, ...]:
    """The training statements that parents carry, each bundle on one line, to be carried on."""
    found: dict[bytes, None] = {}
    for evidence in parents:
        for one in opened(evidence.bundles):
            if statement_of(one):
                found[on_one_line(one.document.data)] = None
    return tuple(found)
