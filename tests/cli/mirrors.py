"""The names that the tests of mirrors share; their desk is the fixture `bank`."""

from __future__ import annotations

from tests.hubs import Desk

MIRROR = "bank-ml/bot"
OTHER = "d" * 40


def rules(own: Desk) -> tuple[int, set[str]]:
    """The exit code of `verify` at the head of the mirror, and what did not pass."""
    return own.rules(f"{MIRROR}@main")
