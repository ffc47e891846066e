"""What was declared of a step, and what of its changes lies beyond that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provenance.weights.changes.change import Change


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A change beyond a declaration; `words` say what it is, without their stop."""

    change: Change
    words: str


def exceeded(declared: Declaration, changes: Iterable[Change]) -> tuple[Excess, ...]:
    """Every change outside of the declared modules, and each of a rank above the declared one + 1."""
    raise NotImplementedError
