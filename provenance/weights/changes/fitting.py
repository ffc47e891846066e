"""A piece of a base as it would stand in a derivative: what a tool does to values on their way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provenance.weights.changes.delta import Side
from provenance.weights.values import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """By how much each line, and each value of a line, was multiplied; None where by nothing."""

    lines: Floats | None = None
    columns: Floats | None = None


SCALED, RAISED = 2.0**-8, 2.0**-11
NOTHING = Scales()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted(Side):
    """A side of which every value was multiplied and had a number added to it before it was stored;
    `inner` reads it as it is."""

    inner: Side
    scales: Scales = NOTHING
    raised: int = 0

    @property
    def near(self) -> float:
        """Of the norm of the values, how far halves may be rounded where such a thing is done."""
        scaled = self.scales.lines is not None or self.scales.columns is not None
        return SCALED if scaled else RAISED

    def values(self, begin: int, end: int) -> Floats:
        """Its values `begin` to `end`, as they would be."""
        found = self.inner.values(begin, end)
        columns = self.piece.matrix.columns
        if self.scales.columns is not None:
            found = found * self.scales.columns[np.arange(begin, begin + len(found)) % columns]
        if self.scales.lines is not None:
            found = found * self.scales.lines[np.arange(begin, begin + len(found)) // columns]
        return found + np.float32(self.raised) if self.raised else found


def fitted(base: Side, own: Side, scales: Scales | None = None) -> Side:
    """The base as it would stand in the derivative: as the converter of its format writes it, and
    multiplied."""
    added = own.piece.main.raised - base.piece.main.raised
    if not added and scales is None:
        return base
    return Fitted(
        piece=base.piece,
        reader=base.reader,
        inner=base,
        raised=added,
        scales=scales or NOTHING,
    )
