"""Training statements: SLSA Provenance v1 with the build type of this project.

What each field must hold, and the attack behind it, is in attestations/README.md. A statement of
another build type proves nothing about lineage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.formats.json import compact
from provenance.model import File, Manifest
from provenance.names import is_repo
from provenance.wire.intoto import STATEMENT_TYPE, Statement

PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://hf-provenance.github.io/training/v1"
PURL = "pkg:huggingface/"
COMMIT = re.compile("([0-9a-f]{40})?")
MAX_PARENTS = 1_000
MAX_FILES = 100_000
FOREIGN = "foreign"
"""The slug of what is no training statement at all, and nobody's fault."""


class Method(StrEnum):
    """How a step makes a model from its parents."""

    PRETRAIN = "pretrain"
    SFT = "sft"
    DPO = "dpo"
    GRPO = "grpo"
    LORA = "lora"
    MERGE = "merge"
    QUANTIZE = "quantize"
    DISTILL = "distill"
    CONVERT = "convert"


RELATIONS: Mapping[Method, str] = {
    Method.SFT: "finetune",
    Method.DPO: "finetune",
    Method.GRPO: "finetune",
    Method.LORA: "adapter",
    Method.MERGE: "merge",
    Method.QUANTIZE: "quantized",
    Method.DISTILL: "distilled",
    Method.CONVERT: "converted",
}
"""The relation to its parents that a method makes; `pretrain` has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A model that a step began with: its name if it was published, and its digests.

    `manifest` is that of all its files, `files` each with its SHA-256. `unverified` says that
    whoever attests had not verified it.
    """

    repo: str | None = None
    commit: str | None = None
    manifest: str | None = None
    files: tuple[File, ...] = ()
    unverified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Something else that went in, a data set or code; `digest` names algorithms."""

    kind: str
    uri: str
    digest: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One training step as a statement describes it; `subjects` are SHA-256 by path."""

    model: str
    method: Method
    subjects: Mapping[str, str]
    parents: tuple[Parent, ...]
    materials: tuple[Material, ...] = ()
    parameters: str = ""
    builder: str = ""
    started: datetime | None = None
    finished: datetime | None = None


def is_training(statement: Statement) -> bool:
    """Whether a statement means to be one of these, however badly."""
    predicate = statement.predicate
    definition = predicate.get("buildDefinition") if isinstance(predicate, dict) else None
    kind = definition.get("buildType") if isinstance(definition, dict) else None
    return statement.predicate_type == PREDICATE_TYPE and kind == BUILD_TYPE


def step(statement: Statement) -> Step:
    """What a training statement says, or Malformed; `foreign` if it is none."""
    if not is_training(statement):
        raise Malformed("not a training statement", slug=FOREIGN)
    predicate = Fields(statement.predicate, "predicate")
    definition = predicate.table("buildDefinition")
    outside = definition.table("externalParameters")
    details = predicate.table("runDetails")
    metadata = details.optional_table("metadata")
    dependencies = list(definition.tables("resolvedDependencies"))
    named = [(fields.text("name", ""), fields) for fields in dependencies]
    parents = tuple(_parent(fields) for kind, fields in named if kind == "parent")
    method = Method(outside.choice("method", tuple(Method)))
    if len(parents) > MAX_PARENTS:
        raise Malformed(f"{len(parents)} parents, at most {MAX_PARENTS} are read")
    if (method is Method.PRETRAIN) == bool(parents):
        raise Malformed(f"a step by {method} with {len(parents)} parents")
    return Step(
        model=_repo(outside, "model"),
        method=method,
        subjects=_subjects(statement),
        parents=parents,
        materials=tuple(_material(kind, f) for kind, f in named if kind != "parent"),
        parameters=_said(outside),
        builder=details.table("builder").filled("id"),
        started=_moment(metadata, "startedOn"),
        finished=_moment(metadata, "finishedOn"),
    )


def _subjects(statement: Statement) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for subject in statement.subjects:
        if not (subject.name and subject.sha256):
            raise Malformed("a subject without a name or a SHA-256 digest")
        if found.setdefault(subject.name, subject.sha256) != subject.sha256:
            raise Malformed(f"the subject {subject.name[:80]!r} stands twice")
    return found


def _repo(fields: Fields, name: str) -> str:
    text = fields.text(name, "")
    if text and not is_repo(text):
        raise fields.wrong(name, f"expected org/name, found {text[:80]!r}")
    return text


def _parent(fields: Fields) -> Parent:
    uri = fields.text("uri", "")
    repo, _, commit = uri.removeprefix(PURL).partition("@")
    named = uri.startswith(PURL) and is_repo(repo) and COMMIT.fullmatch(commit)
    if uri and not named:
        raise fields.wrong("uri", f"expected {PURL}org/name@commit, found {uri[:80]!r}")
    digest = fields.optional_table("digest")
    manifest = digest.hexadecimal("sha256", 64) if "sha256" in digest else None
    notes = fields.optional_table("annotations")
    files = tuple(_file(item) for item in notes.tables("files"))
    if len(files) > MAX_FILES:
        raise fields.wrong("annotations.files", f"{len(files)} files")
    if files and manifest != Manifest.of(files).digest.removeprefix("sha256:"):
        raise fields.wrong("annotations.files", "are not those that the digest is of")
    return Parent(
        repo=repo or None,
        commit=commit or None,
        manifest=f"sha256:{manifest}" if manifest else None,
        files=files,
        unverified=notes.flag("unverified", False),
    )


def _file(fields: Fields) -> File:
    return File(
        path=fields.filled("path"),
        size=fields.whole("size"),
        digest=fields.hexadecimal("sha256", 64),
    )


def _material(kind: str, fields: Fields) -> Material:
    digests = tuple(
        (name, str(value)[:256]) for name, value in fields.optional_table("digest").items()
    )
    return Material(kind=kind, uri=fields.text("uri", ""), digest=digests)


def _said(fields: Fields) -> str:
    parameters = dict(fields.optional_table("parameters").items())
    return json.dumps(parameters, ensure_ascii=False, sort_keys=True) if parameters else ""


def _moment(fields: Fields, name: str) -> datetime | None:
    """An RFC 3339 time; a claim, and no more."""
    text = fields.text(name, "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise fields.wrong(name, f"expected an RFC 3339 time, found {text[:80]!r}") from None
    if found.tzinfo is None:
        raise fields.wrong(name, "has no time zone")
    return found.astimezone(UTC)


def statement(step: Step) -> bytes:
    """The in-toto statement about a step, as bytes to sign."""
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": p, "digest": {"sha256": d}} for p, d in sorted(step.subjects.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "model": step.model,
                    "method": step.method.value,
                    "parameters": json.loads(step.parameters) if step.parameters else {},
                },
                "internalParameters": {},
                "resolvedDependencies": [
                    *map(_parent_descriptor, step.parents),
                    *map(_material_descriptor, step.materials),
                ],
            },
            "runDetails": {"builder": {"id": step.builder}, "metadata": _times(step)},
        },
    }
    return compact(document)


def _parent_descriptor(parent: Parent) -> dict[str, object]:
    found: dict[str, object] = {"name": "parent"}
    if parent.repo:
        found["uri"] = f"{PURL}{parent.repo}" + (f"@{parent.commit}" if parent.commit else "")
    if parent.manifest:
        found["digest"] = {"sha256": parent.manifest.removeprefix("sha256:")}
    rows = [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in parent.files]
    found["annotations"] = {"files": rows} | ({"unverified": True} if parent.unverified else {})
    return found


def _material_descriptor(material: Material) -> dict[str, object]:
    found: dict[str, object] = {"name": material.kind, "uri": material.uri}
    return found | ({"digest": dict(material.digest)} if material.digest else {})


def _times(step: Step) -> dict[str, str]:
    moments = {"startedOn": step.started, "finishedOn": step.finished}
    return {
        name: moment.strftime("%Y-%m-%dT%H:%M:%SZ") for name, moment in moments.items() if moment
    }
