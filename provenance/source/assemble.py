"""Evidence out of what was found of each file, wherever it lies."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from provenance.model import (
    NO_WEIGHTS,
    Basis,
    Evidence,
    Facts,
    File,
    Manifest,
    Observation,
    Ref,
    WeightFacts,
)
from provenance.selection import relevant
from provenance.source.evidence_files import Found
from provenance.source.measure import Measured

PYPROJECT = "pyproject.toml"


def assemble(
    *,
    ref: Ref,
    at: datetime,
    basis: Basis,
    rows: Sequence[Measured],
    found: Found,
    seen: Iterable[Observation],
    chosen: Collection[str],
    include: Sequence[str],
    exclude: Sequence[str],
    facts: Facts | None = None,
) -> Evidence:
    """The evidence on one model: `rows` has every file of it, `chosen` the paths selected."""
    listing = Manifest.of(row.file for row in rows if row.file)
    selected = tuple(file for file in listing.files if file.path in chosen)
    odd = [*seen, *found.observations]
    odd += (observation for row in rows for observation in row.observations)
    odd += _reserved_projects(rows)
    return Evidence(
        ref=ref,
        at=at,
        basis=basis,
        listing=listing,
        manifest=Manifest(files=selected) if len(selected) < len(listing.files) else listing,
        include=tuple(include),
        exclude=tuple(exclude),
        contents=tuple(row.content for row in rows if row.content),
        parts=tuple(part for row in rows for part in row.parts),
        bundles=found.documents,
        observations=tuple(relevant(odd, include, exclude)),
        facts=facts,
        weights=_weights(rows, chosen),
    )


def _weights(rows: Iterable[Measured], chosen: Collection[str]) -> WeightFacts:
    """The ledger of the selected files, in the order of paths and names."""
    found = [tensor for row in rows for tensor in row.tensors if tensor.path in chosen]
    if not found:
        return NO_WEIGHTS
    return WeightFacts(tensors=tuple(sorted(found, key=lambda one: (one.path, one.name))))


def _reserved_projects(rows: Iterable[Measured]) -> Iterator[Observation]:
    """A pyproject.toml is a model's own business unless it would configure its judge."""
    for row in rows:
        content = row.content
        if content is None or content.path.rpartition("/")[2].lower() != PYPROJECT:
            continue
        if _configures(content.head, row.file):
            detail = "its [tool.provenance], if it has one, would judge the model: remove it"
            yield Observation(code="reserved-name", path=content.path, detail=detail)


def _configures(data: bytes, file: File | None) -> bool:
    """Whether it holds [tool.provenance], or cannot be read to say that it does not."""
    if file is None or len(data) != file.size:
        return True
    try:
        tool = tomllib.loads(data.decode("utf-8-sig")).get("tool", {})
    except (ValueError, RecursionError):
        return True
    return isinstance(tool, dict) and "provenance" in tool
