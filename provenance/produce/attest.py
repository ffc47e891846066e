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
    """How a model was made, but for its parents; each field is the statement's (see Step).

    `parameters` and `environment` are whatever JSON can say.
    """

    model: str
    method: Method
    materials: Sequence[Material] = ()
    parameters: Mapping[str, object] | None = None
    environment: Mapping[str, object] | None = None
    trainer: str = ""
    adapter: bool = False
    builder: str
    versions: Mapping[str, str] | None = None
    invocation: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    byproducts: Sequence[Material] = ()

    def check(self, parents: int) -> None:
        """ConfigError for a method that does not go with so many parents."""
        if self.method is Method.PRETRAIN and parents:
            message = "pretraining begins with nothing: leave --parent out"
            raise ConfigError(message, path="--method")
        if self.method is not Method.PRETRAIN and not parents:
            raise ConfigError(f"{self.method} begins with a model: name it", path="--parent")


def statement(evidence: Evidence, making: Making, parents: Sequence[Parent]) -> bytes:
    """The training statement over every file of `evidence`, or ConfigError if that must not be.

    Refused: a model without files, a selection of one, a file whose bytes were not measured, and
    a method that does not go with its parents.
    """
    if evidence.include or evidence.exclude:
        raise ConfigError("a statement is about the whole model: no --include, no --exclude")
    if not evidence.manifest.files:
        raise ConfigError("there is no file to attest")
    refuse_strange(evidence)
    making.check(len(parents))
    step = Step(
        model=making.model,
        method=making.method,
        subjects={file.path: file.sha256 for file in evidence.manifest.files},
        parents=tuple(parents),
        materials=tuple(making.materials),
        parameters=_table(making.parameters),
        environment=_table(making.environment),
        trainer=making.trainer,
        adapter=making.adapter,
        builder=making.builder,
        versions=tuple(sorted((making.versions or {}).items())),
        invocation=making.invocation,
        started=making.started,
        finished=making.finished,
        byproducts=tuple(making.byproducts),
    )
    return of_a_size(training.statement(step), f"{len(step.subjects)} files")


def _table(values: Mapping[str, object] | None) -> str:
    return json.dumps(values, default=str) if values else ""


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
