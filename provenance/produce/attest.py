"""Attesting a training step: a statement over every file of the model that it made."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provenance.errors import ConfigError
from provenance.model import Evidence
from provenance.produce.plain import table
from provenance.produce.publishable import Refusal, in_file_name, published, refusals
from provenance.produce.sign import of_a_size, whole
from provenance.wire import intoto, training
from provenance.wire.intoto import PAYLOAD_TYPE, Envelope
from provenance.wire.training import RELATIONS, Material, Method, Parent, Step

ADAPTER_FILE = "adapter_config.json"
"""What PEFT writes beside the weights of an adapter."""


@dataclass(frozen=True, kw_only=True)
class Making:
    """How a model was made, but for its parents; each field is the statement's (see Step).

    `parameters` and `environment` are whatever JSON can say. A model whose files are those of an
    adapter alone is one, whatever `adapter` says.
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

    def refusals(self, private: Collection[str] = ()) -> Iterator[Refusal]:
        """What of it must not be published, by field; `private` are names of the user and host."""
        said = {
            "model": self.model,
            "trainer": self.trainer,
            "builder": self.builder,
            "invocation": self.invocation,
            "versions": dict(self.versions or {}),
            "materials": list(map(_said, self.materials)),
            "byproducts": list(map(_said, self.byproducts)),
            "parameters": self.parameters or {},
            "environment": self.environment or {},
        }
        yield from refusals(said, private=private)
        for number, one in enumerate((*self.materials, *self.byproducts)):
            if reason := in_file_name(str(one.note("path") or ""), private):
                yield Refusal(keys=("materials", number, "path"), reason=reason)

    def published(self, private: Collection[str] = ()) -> tuple[Making, tuple[str, ...]]:
        """The same without what must not be published, and the names of what was dropped.

        Of a material its digest stays; one that has none is dropped whole. ConfigError for tables
        that JSON cannot say.
        """
        tables, dropped = published(
            {
                "parameters": table(self.parameters or {}, "parameters"),
                "environment": table(self.environment or {}, "environment"),
                "versions": dict(self.versions or {}),
                "trainer": self.trainer,
                "invocation": self.invocation,
            },
            private=private,
        )
        materials, lost = _publishable(self.materials, private)
        byproducts, gone = _publishable(self.byproducts, private)
        kept = replace(
            self,
            parameters=_inner(tables, "parameters"),
            environment=_inner(tables, "environment"),
            versions={name: str(value) for name, value in _inner(tables, "versions").items()},
            trainer=str(tables.get("trainer", "")),
            invocation=str(tables.get("invocation", "")),
            materials=materials,
            byproducts=byproducts,
        )
        return kept, (*dropped, *lost, *gone)

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
    subjects = whole(evidence)
    making.check(len(parents))
    step = Step(
        model=making.model,
        method=making.method,
        subjects=subjects,
        parents=tuple(parents),
        materials=tuple(making.materials),
        parameters=_table(making.parameters, "parameters"),
        environment=_table(making.environment, "environment"),
        trainer=making.trainer,
        adapter=making.adapter or _is_adapter(making.method, evidence),
        builder=making.builder,
        versions=tuple(sorted((making.versions or {}).items())),
        invocation=making.invocation,
        started=making.started,
        finished=making.finished,
        byproducts=tuple(making.byproducts),
    )
    try:
        made = training.statement(step)
    except UnicodeEncodeError as error:
        message = f"half of a surrogate pair in {error.object[max(0, error.start - 20) :][:40]!a}"
        raise ConfigError(f"{message}: a name or text must be Unicode") from None
    return of_a_size(made, f"{len(step.subjects)} files")


def _is_adapter(method: Method, evidence: Evidence) -> bool:
    """Whether a training left only what lies beside its parent's weights, as its files say."""
    paths = {file.path for file in evidence.manifest.files}
    trained = method is not Method.PRETRAIN and RELATIONS[method] == "finetune"
    return trained and ADAPTER_FILE in paths and "config.json" not in paths


def _table(values: Mapping[str, object] | None, name: str) -> str:
    """Values as JSON, which any reader reads back; ConfigError for those it cannot say."""
    return json.dumps(table(values, name), allow_nan=False) if values else ""


def _said(material: Material) -> dict[str, object]:
    digest, notes = dict(material.digest), dict(material.notes)
    return {"name": material.kind, "uri": material.uri, "digest": digest, "annotations": notes}


def _publishable(
    materials: Iterable[Material], private: Collection[str]
) -> tuple[list[Material], list[str]]:
    kept, dropped = [], []
    for material in materials:
        uri = "" if any(refusals({"uri": material.uri}, private=private)) else material.uri
        notes, lost = published(dict(material.notes), private=private)
        if "path" in notes and in_file_name(str(notes["path"]), private):
            del notes["path"]
            lost = (*lost, "path")
        said = tuple((name, note) for name, note in material.notes if name in notes)
        dropped += [
            f"{material.kind}.{name}" for name in (*lost, *("uri",) * (uri != material.uri))
        ]
        if uri or material.digest or uri == material.uri:
            kept.append(replace(material, uri=uri, notes=said))
    return kept, dropped


def _inner(tables: Mapping[str, object], name: str) -> dict[str, object]:
    found = tables.get(name, {})
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}


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


def read_back(statement: bytes) -> Step:
    """The step as a verifier reads it from the bytes of a statement, or Malformed."""
    envelope = Envelope(payload_type=PAYLOAD_TYPE, payload=statement, signature=b"")
    return training.step(intoto.statement(envelope))


def indented(statement: bytes) -> str:
    """The statement for people: every character beyond ASCII is spelled out, so that none hides."""
    return json.dumps(json.loads(statement), indent=2)
