"""From a step to the statement about it, as bytes to sign."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from provenance.wire import descriptor
from provenance.wire.intoto import MOMENT, written
from provenance.wire.slsa import PREDICATE_TYPE
from provenance.wire.training.step import (
    ADAPTER,
    BUILD_TYPE,
    MANIFEST,
    PARENT,
    PARENT_FILE,
    Material,
    MaterialKind,
    Parent,
    Step,
    file_uri,
    uri_of,
)

Table = dict[str, object]


def statement(step: Step) -> bytes:
    """The in-toto statement about a step (SLSA Provenance v1), as bytes to sign."""
    predicate = {"buildDefinition": _definition(step), "runDetails": _details(step)}
    return written(sorted(step.subjects.items()), PREDICATE_TYPE, predicate)


def _definition(step: Step) -> Table:
    outside: Table = {"model": step.model, "method": step.method.value}
    if step.adapter:
        outside["relation"] = ADAPTER
    if step.trainer:
        outside["trainer"] = step.trainer
    outside["parameters"] = json.loads(step.parameters) if step.parameters else {}
    inside = {"environment": json.loads(step.environment)} if step.environment else {}
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": outside,
        "internalParameters": inside,
        "resolvedDependencies": [
            *map(_parent, step.parents),
            *_files(step.parents),
            *map(_dependency, step.materials),
        ],
    }


def _details(step: Step) -> Table:
    builder: Table = {"id": step.builder}
    if step.versions:
        builder["version"] = dict(step.versions)
    moments = {"startedOn": step.started, "finishedOn": step.finished}
    metadata = {name: moment.strftime(MOMENT) for name, moment in moments.items() if moment}
    if step.invocation:
        metadata["invocationId"] = step.invocation
    found: Table = {"builder": builder, "metadata": metadata}
    return found | (
        {"byproducts": list(map(_material, step.byproducts))} if step.byproducts else {}
    )


def _parent(parent: Parent) -> Table:
    found: Table = {"name": PARENT}
    if uri := uri_of(parent):
        found["uri"] = uri
    if parent.manifest:
        found["digest"] = {MANIFEST: parent.manifest.removeprefix("sha256:")}
    return found | ({"annotations": {"unverified": True}} if parent.unverified else {})


def _files(parents: Iterable[Parent]) -> Iterator[Table]:
    """Each file of each parent, those of the same bytes once."""
    for parent in {one.manifest: one for one in reversed(list(parents)) if one.manifest}.values():
        uri, manifest = uri_of(parent), (parent.manifest or "").removeprefix("sha256:")
        for file in parent.files:
            found: Table = {"name": PARENT_FILE}
            if uri:
                found["uri"] = file_uri(uri, file.path)
            notes = {"manifest": manifest, "path": file.path, "size": file.size}
            yield found | {"digest": {"sha256": file.sha256}, "annotations": notes}


def _dependency(material: Material) -> Table:
    """A material; of a data set that nothing pins it is said."""
    found = _material(material)
    if material.kind == MaterialKind.DATASET and not material.pinned:
        found["annotations"] = {**dict(material.notes), "unpinned": True}
    return found


def _material(material: Material) -> Table:
    return descriptor.table(material.kind, material.uri, material.digest, dict(material.notes))
