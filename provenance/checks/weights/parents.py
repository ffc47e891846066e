"""Which parents of a model its weights can be compared with, and why not with the others.

Part of the check of weights; its rules are on that check's page.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provenance.case.case import Case
from provenance.claims.named import DISTILLED
from provenance.lineage import Edge, Graph
from provenance.weights.kind import Kind

if TYPE_CHECKING:
    from provenance.weights.kinship import Kinship

SHOWN = 5
MERGE = "merge"


@dataclass(frozen=True, kw_only=True)
class Parent:
    """A stated parent, and what the model is to it or, where nothing of that is at hand, to the
    nearest ancestor `through` it that is; `merged` where it is one of several that were merged."""

    edge: Edge
    kinship: Kinship
    through: bool = False
    merged: bool = False

    @property
    def words(self) -> str:
        """What was found, and with what it was compared."""
        if not self.through:
            return self.kinship.words
        above = f"nothing of {self.edge.parent} is at hand, and {self.kinship.base} stands above it"
        return f"{self.kinship.words} ({above})"

    @property
    def is_without_trace(self) -> bool:
        """Whether the weights have nothing of it, where they could have shown it."""
        return self.kinship.kind is Kind.NOT_SUPPORTED

    @property
    def is_borne_out(self) -> bool:
        """Whether the weights agree with what is said; of a merge of several a part is
        enough."""
        if self.kinship.kind in (Kind.WEAK, Kind.PARTIAL):
            return self.merged
        return self.kinship.kind in (Kind.IDENTICAL, Kind.CORROBORATED, Kind.CONSISTENT)


def parents_of(graph: Graph) -> tuple[Parent, ...]:
    """The stated and attested parents with whom the weights were compared, in their order."""
    edges = [edge for edge in graph.above.get(graph.model, ()) if edge.passes_weights_on]
    found = [parent for edge in edges if (parent := _nearest(graph, edge))]
    return tuple(replace(one, merged=_is_merged(one, found, edges)) for one in found)


def _is_merged(one: Parent, compared: Collection[Parent], edges: Collection[Edge]) -> bool:
    """Whether it is one of several parents, as is said or, where cards list them without a word on
    how they were used, as the weights bear out: each has a part or a share then."""
    if len(edges) == 1 or one.edge.relation not in (MERGE, None):
        return False
    shares = all(each.kinship.is_kin or each.kinship.is_partly_kin for each in compared)
    return one.edge.relation == MERGE or (shares and len(compared) == len(edges))


def _nearest(graph: Graph, edge: Edge) -> Parent | None:
    """What the model is to a parent or, by the shortest way, to what that descends from."""
    waiting, met = [edge.parent], {graph.model, edge.parent}
    for key in waiting:
        if kinship := graph.kinship(key):
            return Parent(edge=edge, kinship=kinship, through=key != edge.parent)
        above = [one.parent for one in graph.above.get(key, ()) if one.passes_weights_on]
        waiting += [parent for parent in above if parent not in met]
        met.update(above)
    return None


def why_not(case: Case, compared: Collection[Edge]) -> Iterator[str]:
    """Of the parents that were not compared why, and of the whole model if that is the reason."""
    edges = [e for e in case.graph.above.get(case.graph.model, ()) if e not in compared]
    rest = []
    for edge in edges:
        if edge.relation == DISTILLED:
            yield f"distilled from {edge.parent}: the weights of a student are its own"
        elif edge.parts:
            parts = ", ".join(edge.parts[:SHOWN])
            yield f"{parts} alone is of {edge.parent}: a part is not compared"
        else:
            rest.append(edge.parent)
    if rest:
        yield case.evidence.weights.skipped or _missing(rest)


def _missing(parents: list[str]) -> str:
    """What is missing of the parents, and the line that makes a fingerprint of the first."""
    more = f" and {len(parents) - SHOWN} more" if len(parents) > SHOWN else ""
    named = f"{', '.join(parents[:SHOWN])}{more}"
    line = shlex.join(["provenance", "fingerprint", parents[0], "-o", "parent.wlf"])
    return f"no fingerprint or weights of {named} at hand: `{line}` makes one where they are"
