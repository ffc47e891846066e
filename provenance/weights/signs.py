"""Whether two models are kin where signs are left out.

A whole network may be turned to its negative, and so may each coordinate of the residual stream or
each hidden unit, with what reads it: the function stays, and correlations come to nothing or below.
Magnitudes stay what they were. Of each matrix the mean magnitude of a coordinate is taken away, for
some coordinates are larger than others in every line, and in models that have nothing in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from provenance.weights.pairs import TESTING, by_names, by_shapes
from provenance.weights.sample import Block
from provenance.weights.statistic import NOTHING, Statistic, standardised, statistic

FEWEST = 2
"""Lines of one matrix, below which their mean is all that they are."""


def signless(
    ours: Sequence[Block], theirs: Sequence[Block], width: int, *, anonymous: bool
) -> Statistic:
    """The statistic of the magnitudes of all pairs of one width, by their names or, for `anonymous`
    ones, by shapes at the coordinates that did not choose the pairs."""
    left, right = _magnitudes(ours, width), _magnitudes(theirs, width)
    if anonymous:
        pairs = by_shapes(left, right)
        halves = [(_tested(one), _tested(other)) for one, other in pairs]
        return statistic(halves)
    return statistic(by_names(left, right)[1]) if left and right else NOTHING


def _magnitudes(blocks: Sequence[Block], width: int) -> list[Block]:
    """The blocks of that width with magnitudes in place of values."""
    return [_magnitude(one) for one in blocks if one.width == width and len(one.values) >= FEWEST]


def _magnitude(block: Block) -> Block:
    lines = np.abs(standardised(block.values))
    sound = np.asarray(lines.any(axis=1))
    if sound.any():
        lines[sound] -= lines[sound].mean(axis=0, keepdims=True)
    return replace(block, values=np.where(sound[:, None], lines, np.nan).astype(np.float32))


def _tested(block: Block) -> Block:
    return replace(block, values=block.values[:, TESTING])
