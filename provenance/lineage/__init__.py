"""The ancestors of a model: as claims lead to them, and as training statements attest them."""

from provenance.lineage.build import build
from provenance.lineage.claimed import YOU, Claimed
from provenance.lineage.consistency import identical_weights
from provenance.lineage.graph import (
    Edge,
    Graph,
    Made,
    Node,
    Pinned,
    Problem,
    Unresolved,
    Way,
    mirrored,
    weakest,
)
from provenance.lineage.kin import NO_KIN, Kin
from provenance.lineage.steps import TrainingStep, Unusable, statement_of, step_of, unverified_steps
from provenance.lineage.tier import Tier
from provenance.lineage.wanted import Wanted, own_names, unresolved_parents, wanted_by
from provenance.lineage.weighed import kin_of

__all__ = [
    "NO_KIN",
    "YOU",
    "Claimed",
    "Edge",
    "Graph",
    "Kin",
    "Made",
    "Node",
    "Pinned",
    "Problem",
    "Tier",
    "TrainingStep",
    "Unresolved",
    "Unusable",
    "Wanted",
    "Way",
    "build",
    "identical_weights",
    "kin_of",
    "mirrored",
    "own_names",
    "statement_of",
    "step_of",
    "unresolved_parents",
    "unverified_steps",
    "wanted_by",
    "weakest",
]
