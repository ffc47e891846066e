"""What one place says of code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeClaim:
    """One place that makes a loader run code: `code` is the rule's slug, `target` a local file.

    `target` is the path of the one file that would run, where a digest can settle which bytes it
    has; empty where none can.
    """

    path: str
    code: str
    detail: str
    target: str = ""
