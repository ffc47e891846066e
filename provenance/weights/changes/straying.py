"""Whether each row of a matrix is as near to the base's as rounding to a lattice puts it."""

from __future__ import annotations

from math import sqrt

import numpy as np

from provenance.weights.changes.delta import CHUNK, Lines, Side
from provenance.weights.changes.lattice import STRAYED, Lattice
from provenance.weights.values import Floats

TIMES, OTHER = 4.0, 1.2
"""Of what rounding does to a whole matrix, what it may do to a row; and of the row itself, what it
never does: to other values of that size it is 1.4."""


def rows_beyond(lines: Lines | None, bound: float, bits: int, columns: int) -> int:
    """How many rows of a packed matrix are farther from the base's than rounding puts them, which
    moves the whole of it by up to `bound` of its norm: farther than one step for the whole row
    would, be its largest value an outlier, and than rows of the common size may be."""
    if lines is None:
        return 0
    share = min(TIMES * bound, OTHER)
    common = sqrt(float(np.square(lines.before, dtype=np.float64).mean()))
    steps = 4 * lines.largest * sqrt(columns / 12) / (2**bits - 1)
    allowed = np.maximum(np.maximum(lines.before, common) * share, steps)
    return int((lines.off > allowed).sum())


def strays(base: Side, own: Side, found: Lattice) -> bool:
    """Whether a row of all is farther from the base's than its steps, or the error that was seen of
    some rows, can put it."""
    count, columns = own.piece.matrix.rows, own.piece.matrix.columns
    step = max(1, CHUNK // max(1, columns))
    for first in range(0, count, step):
        begin, end = first * columns, min(count, first + step) * columns
        if _off(base.values(begin, end), own.values(begin, end), columns, found):
            return True
    return False


def _off(base: Floats, own: Floats, columns: int, found: Lattice) -> bool:
    before, after = (values.reshape(-1, columns).astype(np.float64) for values in (base, own))
    sizes = np.sqrt(np.square(before).mean(axis=1))
    steps = np.ptp(before, axis=1) / (2**found.bits - 1) / sqrt(12)
    bounds = np.maximum(np.maximum(sizes * found.error, steps), found.least)
    return bool((np.sqrt(np.square(after - before).mean(axis=1)) > STRAYED * bounds).any())
