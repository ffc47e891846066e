"""How well a step from a parent to a child is known.

What contradicts it overrides the rest; else `declared` (somebody says so), `consistent` (shapes
agree, or weights at coordinates that everybody knows), `corroborated` (weights at coordinates that
nobody could plant), `attested` (who speaks for the child says so, by digest), `anchored` (attested,
and the parent holds by itself).
"""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """How well an edge is known, the worst first."""

    CONTRADICTED = "contradicted"
    DECLARED = "declared"
    CONSISTENT = "consistent"
    CORROBORATED = "corroborated"
    ATTESTED = "attested"
    ANCHORED = "anchored"

    @property
    def rank(self) -> int:
        """Its place in the order, 0 for the worst."""
        return tuple(Tier).index(self)
