"""What the numbers say of two models, in words that claim no more.

The relation has no direction: which of two was first stands in dates and attestations. Coordinates
that everybody knows can be planted in weights that have nothing to do with the base, so they say
`consistent` where the base's own weights, or coordinates that nobody knows, say `corroborated`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provenance.weights.fingerprint import Fingerprint
from provenance.weights.relation import Relation, relate

KIN, STRANGER = 8.0, 4.0
"""Of z: from here on not independent, and below that no trace."""
STRONG = 0.45
"""Correlation from which on it is more than a shared initialisation or a minor share."""
FEWEST = 2_000
"""Values below which nothing is said."""


class Kind(StrEnum):
    """What two models are to each other by their weights."""

    IDENTICAL = "identical"
    CORROBORATED = "corroborated"
    CONSISTENT = "consistent"
    OBFUSCATED = "obfuscated"
    PARTIAL = "partial"
    WEAK = "weak relation"
    NOT_SUPPORTED = "not supported"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Kinship:
    """What a model is to `base`, in one word and in a sentence without its stop.

    `copied` of `tensors` large tensors are bit-identical; 0 where no ledger tells.
    """

    base: str
    kind: Kind
    words: str
    relation: Relation
    copied: int = 0
    tensors: int = 0

    @property
    def is_kin(self) -> bool:
        """Whether the base is an ancestor, a descendant or a sibling by what was found."""
        return self.kind in (Kind.IDENTICAL, Kind.CORROBORATED, Kind.CONSISTENT, Kind.OBFUSCATED)


def kinship(ours: Fingerprint, theirs: Fingerprint, *, anchored: bool) -> Kinship:
    """What a model is to a base; `anchored` says that nobody could plant the coordinates.

    ValueError where the two were made with other coordinates.
    """
    relation = relate(ours.sample, theirs.sample)
    kind = Kind.NOT_SUPPORTED
    if relation.whole.values < FEWEST:
        kind = Kind.INCONCLUSIVE
    elif relation.whole.z >= KIN and relation.whole.rho >= STRONG:
        kind = Kind.CORROBORATED if anchored else Kind.CONSISTENT
    elif relation.whole.z >= KIN:
        kind = Kind.WEAK
    return Kinship(base=theirs.repo, kind=kind, words="", relation=relation)
