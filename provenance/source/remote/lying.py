"""What lies in a store of this machine, every byte of it measured as in a directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from provenance.model import Evidence, Observation, Ref
from provenance.source import directory
from provenance.source.layout import Layout
from provenance.source.remote.listed import Listed
from provenance.source.remote.store import Opened
from provenance.weights.ledger import Known


def measured_here(
    opened: Opened,
    lying: Layout,
    ref: Ref,
    *,
    at: datetime,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    signature: Path | None = None,
    tensors: Known | None = None,
) -> Evidence:
    """The evidence on what lies at a place, measured; where the store states another digest than
    its bytes have, that is an observation. Raises as `directory.collect`."""
    found = directory.collect(
        Path(opened.release.name),
        ref=replace(ref, commit=opened.revision),
        at=at,
        include=include,
        exclude=exclude,
        signature=signature,
        progress=opened.release.progress,
        tensors=tensors,
        lying=lying,
    )
    belied = tuple(_belied(found, opened.entries))
    return replace(found, observations=(*found.observations, *belied))


def _belied(found: Evidence, entries: Sequence[Listed]) -> Iterator[Observation]:
    own = found.manifest.by_path
    for entry in entries:
        file = own.get(entry.path)
        if file and entry.sha256 and file.sha256 != entry.sha256:
            detail = f"declared as sha256 {entry.sha256}, and {file.sha256} lies there"
            yield Observation(code="contradiction", path=entry.path, detail=detail)
