"""What comes of two models laid beside each other: their weights, and what stands beside those."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.drift.beside import Beside
from provenance.weights.changes.change import ChangeMap
from provenance.weights.compared import Side
from provenance.weights.kinship import Kinship
from provenance.weights.merging import Merge


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A derivative beside its base: how they are kin, and what was changed.

    `summary` is the change map in a sentence without its stop. `merge` has the shares of the base
    and of the further parents that were named, None where none were or nothing was in common.
    `unlooked` says why hidden units were not compared where that was asked for. `beside` has the
    templates, tokens and settings by the base's, without what neither has.
    """

    base: Side
    derived: Side
    kinship: Kinship
    changes: ChangeMap
    summary: str
    merge: Merge | None = None
    unlooked: str = ""
    beside: tuple[Beside, ...] = ()
