"""A model that a walk up the statements meets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from provenance.claims.left import read_by_name
from provenance.lineage.graph import Node
from provenance.lineage.steps import Files
from provenance.model import Evidence
from provenance.wire.training import Parent


@dataclass(frozen=True, kw_only=True)
class Model:
    """A node with the files of it that a statement must cover.

    `speaks` is the repository whose trainers may speak of it. `beside` are files that trainers
    leave and no loader opens by itself; `evidence` is there of what was published.
    """

    node: Node
    files: Files
    speaks: str
    beside: Files = field(default_factory=dict)
    evidence: Evidence | None = None


def unpublished(node: Node, parent: Parent, speaks: str) -> Model:
    """A model by its digests alone: what a loader reads of it, as far as names tell; where that is
    nothing, all."""
    every = {file.path: file.sha256 for file in parent.files}
    read = read_by_name(every) or every.keys()
    files = {path: every[path] for path in sorted(read)}
    return Model(node=replace(node, by_digest=not node.root), files=files, speaks=speaks)
