"""The step that claims make of a child and a parent."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.claims.claim import ParentClaim
from provenance.claims.named import DISTILLED
from provenance.lineage.graph import Edge
from provenance.lineage.tier import Tier


def declared(child: str, parent: str, claims: Sequence[ParentClaim]) -> Edge:
    """The edge that claims make, with every place that speaks of it."""
    whole = any(not claim.part for claim in claims)
    return Edge(
        child=child,
        parent=parent,
        tier=Tier.DECLARED,
        relation=_relation([_called(claim) for claim in claims]),
        claims=tuple(dict.fromkeys(f"{claim.place} ({claim.key})" for claim in claims)),
        parts=() if whole else tuple(dict.fromkeys(claim.part for claim in claims)),
    )


def _called(claim: ParentClaim) -> str | None:
    """What a claim calls the step; factors that a recipe trains may be merged, so that is no word
    for an adapter, whose shapes nobody compares."""
    return "finetune" if claim.recipe and claim.relation == "adapter" else claim.relation


def _relation(said: Sequence[str | None]) -> str | None:
    """What all places together call the step. Only where none calls it otherwise the model learnt
    from there: that spares its shapes the comparison."""
    if set(said) == {DISTILLED}:
        return DISTILLED
    return min((one for one in said if one and one != DISTILLED), key=_rank, default=None)


def _rank(relation: str) -> int:
    """Of several words for one step the one that says most: a fine-tune is made in many ways."""
    return relation == "finetune"
