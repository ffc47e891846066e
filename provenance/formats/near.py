"""Which known word may be meant by one that is misspelt."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near(name: str, known: Iterable[str], count: int = 1) -> str:
    """Which of the `known` names may be meant by one that is none of them, or nothing."""
    found = get_close_matches(name, list(known), n=count)
    return f"; did you mean {', '.join(found)}?" if found else ""
