"""The ancestors of a model: as claims lead to them, and as training statements attest them."""

from provenance.lineage.build import build
from provenance.lineage.claimed import YOU, Claimed, Wanted, frontier, own_names, wanted_by
from provenance.lineage.consistency import identical_weights
from provenance.lineage.graph import Edge, Graph, Node, Problem, Tier, Unresolved, weakest
from provenance.lineage.steps import Told, Unusable, statement_of, told

__all__ = [
    "YOU",
    "Claimed",
    "Edge",
    "Graph",
    "Node",
    "Problem",
    "Tier",
    "Told",
    "Unresolved",
    "Unusable",
    "Wanted",
    "build",
    "frontier",
    "identical_weights",
    "own_names",
    "statement_of",
    "told",
    "wanted_by",
    "weakest",
]
