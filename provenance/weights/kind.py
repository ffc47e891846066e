"""What two models can be to each other by their weights."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What two models are to each other by their weights, the closest first."""

    IDENTICAL = "identical"
    CORROBORATED = "corroborated"
    CONSISTENT = "consistent"
    OBFUSCATED = "obfuscated"
    PARTIAL = "partial"
    WEAK = "weak relation"
    INCONCLUSIVE = "inconclusive"
    INCOMPARABLE = "incomparable"
    NOT_SUPPORTED = "not supported"
