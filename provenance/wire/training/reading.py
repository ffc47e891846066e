"""From a statement to the step it describes: strict in what decides, patient with the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.model import File, Manifest
from provenance.names import is_repo
from provenance.wire import descriptor
from provenance.wire.intoto import Statement
from provenance.wire.slsa import files_of, is_built_by
from provenance.wire.training.step import (
    ADAPTER,
    BUILD_TYPE,
    MANIFEST,
    PARENT,
    PARENT_FILE,
    PURL,
    Material,
    Method,
    Parent,
    Step,
    file_uri,
    uri_of,
)

COMMIT = re.compile("([0-9a-f]{40})?")
MAX_PARENTS = 1_000
MAX_FILES = 100_000
FOREIGN = "foreign"
"""The slug of what is no training statement at all, and nobody's fault."""

Rows = Mapping[str, list[File]]
"""The files of parents by the hexadecimal digest of their manifest."""


def is_training(statement: Statement) -> bool:
    """Whether a statement means to be one of these, however badly."""
    return is_built_by(statement, BUILD_TYPE)


def step(statement: Statement) -> Step:
    """What a training statement says, or Malformed; `foreign` if it is none."""
    if not is_training(statement):
        raise Malformed("not a training statement", slug=FOREIGN)
    predicate = Fields(statement.predicate, "predicate")
    definition = predicate.table("buildDefinition")
    outside = definition.table("externalParameters")
    inside = definition.optional_table("internalParameters")
    details = predicate.table("runDetails")
    builder, metadata = details.table("builder"), details.optional_table("metadata")
    named = [(one.text("name", ""), one) for one in definition.tables("resolvedDependencies")]
    parents = _parents(named)
    method = Method(outside.choice("method", tuple(Method)))
    if (method is Method.PRETRAIN) == bool(parents):
        raise Malformed(f"a step by {method} with {len(parents)} parents")
    return Step(
        model=_repo(outside, "model"),
        method=method,
        subjects=files_of(statement),
        parents=parents,
        materials=tuple(
            _material(kind, one) for kind, one in named if kind not in (PARENT, PARENT_FILE)
        ),
        parameters=_table(outside.optional_table("parameters")),
        environment=_table(inside.optional_table("environment")),
        trainer=descriptor.said(outside, "trainer"),
        adapter=outside.choice("relation", (ADAPTER, ""), "") == ADAPTER,
        builder=builder.filled("id"),
        versions=descriptor.pairs(builder.optional_table("version")),
        invocation=descriptor.said(metadata, "invocationId"),
        started=_moment(metadata, "startedOn"),
        finished=_moment(metadata, "finishedOn"),
        byproducts=tuple(_material(o.text("name", ""), o) for o in details.tables("byproducts")),
    )


def _repo(fields: Fields, name: str) -> str:
    text = fields.text(name, "")
    if text and not is_repo(text):
        raise fields.wrong(name, f"expected org/name, found {text[:80]!r}")
    return text


def _parents(named: Iterable[tuple[str, Fields]]) -> tuple[Parent, ...]:
    """The parents, each with its files, which stand beside it or, in older statements, within."""
    rows = [fields for kind, fields in named if kind == PARENT_FILE]
    parents = [(fields, _parent(fields)) for kind, fields in named if kind == PARENT]
    if len(parents) > MAX_PARENTS:
        raise Malformed(f"{len(parents)} parents, at most {MAX_PARENTS} are read")
    places: dict[str, set[str]] = {}
    for _, parent in parents:
        places.setdefault(_bare(parent.manifest), set()).add(uri_of(parent))
    beside: dict[str, list[File]] = {}
    for fields in rows:
        manifest, file = _beside(fields, places)
        beside.setdefault(manifest, []).append(file)
    return tuple(_whole(fields, parent, beside) for fields, parent in parents)


def _bare(manifest: str | None) -> str:
    return (manifest or "").removeprefix("sha256:")


def _parent(fields: Fields) -> Parent:
    uri = fields.text("uri", "")
    repo, _, commit = uri.removeprefix(PURL).partition("@")
    named = uri.startswith(PURL) and is_repo(repo) and COMMIT.fullmatch(commit)
    if uri and not named:
        raise fields.wrong("uri", f"expected {PURL}org/name@commit, found {uri[:80]!r}")
    digest = fields.optional_table("digest")
    algorithm = next((name for name in (MANIFEST, "sha256") if name in digest), None)
    manifest = digest.hexadecimal(algorithm, 64) if algorithm else None
    notes = fields.optional_table("annotations")
    return Parent(
        repo=repo or None,
        commit=commit or None,
        manifest=f"sha256:{manifest}" if manifest else None,
        files=tuple(map(_file, notes.tables("files"))),
        unverified=notes.flag("unverified", False),
    )


def _whole(fields: Fields, parent: Parent, beside: Rows) -> Parent:
    """The parent with its files, which must be those that its digest is of."""
    files = Manifest.of((*parent.files, *beside.get(_bare(parent.manifest), ()))).files
    if len(files) > MAX_FILES:
        raise fields.wrong("", f"{len(files)} files, at most {MAX_FILES} are read")
    if files and parent.manifest != Manifest(files=files).digest:
        raise fields.wrong("digest", "is not that of the files that are named")
    return Parent(
        repo=parent.repo,
        commit=parent.commit,
        manifest=parent.manifest,
        files=files,
        unverified=parent.unverified,
    )


def _file(fields: Fields) -> File:
    return File(
        path=fields.filled("path"),
        size=fields.whole("size"),
        digest=fields.hexadecimal("sha256", 64),
    )


def _beside(fields: Fields, places: Mapping[str, set[str]]) -> tuple[str, File]:
    """A file of a parent that has a descriptor of its own, and the manifest it belongs to."""
    notes = fields.table("annotations")
    manifest = notes.hexadecimal("manifest", 64)
    file = File(
        path=notes.filled("path"),
        size=notes.whole("size"),
        digest=fields.table("digest").hexadecimal("sha256", 64),
    )
    uri = fields.text("uri", "")
    if uri not in {file_uri(place, file.path) for place in places.get(manifest, ())}:
        raise fields.wrong("uri", f"expected a file of a parent, found {uri[:80]!r}")
    return manifest, file


def _material(kind: str, fields: Fields) -> Material:
    return Material(
        kind=kind,
        uri=descriptor.said(fields, "uri"),
        digest=descriptor.pairs(fields.optional_table("digest")),
        notes=descriptor.notes(fields.optional_table("annotations")),
    )


def _table(fields: Fields) -> str:
    table = dict(fields.items())
    return json.dumps(table, ensure_ascii=False, sort_keys=True) if table else ""


def _moment(fields: Fields, name: str) -> datetime | None:
    """An RFC 3339 time; a claim, and no more."""
    text = fields.text(name, "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise fields.wrong(name, "has no time zone")
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise fields.wrong(name, f"expected an RFC 3339 time, found {text[:80]!r}") from None
