"""What was declared of a step, and what of its changes lies beyond that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provenance.weights.changes.change import Change
from provenance.weights.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What somebody says was trained: `said` is who and where.

    `modules` are names as peft's `target_modules` has them (`q_proj`), empty where the whole model
    may change; `saved` those that are trained whole beside them; `rank` the rank of the factors,
    None where it is not said.
    """

    said: str
    modules: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    rank: int | None = None
    bias: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A change beyond a declaration; `words` say what it is, without their stop."""

    change: Change
    words: str


def unread(declared: Declaration) -> str:
    """Why nothing can be said of a declaration; empty where it can be read."""
    raise NotImplementedError


def exceeded(declared: Declaration, changes: Iterable[Change]) -> tuple[Excess, ...]:
    """Every change outside of the declared modules, and each above the declared rank + 1."""
    raise NotImplementedError


def exceeded_by_ledger(declared: Declaration, ours: Ledger, theirs: Ledger) -> tuple[Excess, ...]:
    """The same where only digests of the base are known."""
    raise NotImplementedError


def sentence(declared: Declaration, excess: Sequence[Excess]) -> str:
    """What was declared, and what was changed beyond it, without its stop."""
    raise NotImplementedError
