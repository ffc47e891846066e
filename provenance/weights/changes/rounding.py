"""How far a packed form may move values by rounding them: what differs by more was changed too."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np

from provenance.weights.changes.pieces import Piece
from provenance.weights.values import Floats

FAR = 0.7
"""Of the base's norm: what differs by more is no rounding of it."""
BOUNDS: Mapping[int, float] = {8: 0.015, 7: 0.025, 6: 0.04, 5: 0.08, 4: 0.16, 3: 0.3, 2: 0.6}
"""The same by the bits of a value, of rows without outliers. GPTQ moves values up to 1.5 times as
far as rounding to the nearest does, and stays below."""
FLOATS: Mapping[str, float] = {"F8_E4M3": 0.04, "F8_E5M2": 0.08}
"""Half a step by the value, at most 2^-4/√3 with three bits behind the point, and twice that."""
SMALLEST: Mapping[str, float] = {"F8_E4M3": 2.0**-9, "F8_E5M2": 2.0**-16}
"""The step of their smallest values, where no scale makes these larger."""
LEEWAY, LEEWAY_OF_ALL = 1.25, 2.0
"""Times the error of steps over a whole row, and over a whole matrix, of which only some rows are
seen: a quantiser may choose them worse."""
FREE = frozenset({"AWQ"})
"""Forms whose quantiser scales inputs first, and takes it back in what stands before."""


def farthest(base: Floats, own: Piece) -> float:
    """By how much of the norm of its values, some rows [rows, columns] of the base, a piece that is
    packed may differ by rounding alone."""
    if own.matrix.form in FREE:
        return FAR
    values = base[np.isfinite(base).all(axis=1)].astype(np.float64)
    rms = sqrt(float(np.square(values).mean())) if values.size else 0.0
    bits, kind = _bits(own), own.main.dtype.removesuffix("FNUZ")
    if kind in FLOATS:
        step = SMALLEST[kind] / rms if own.dtype and rms else 0.0
        return min(FAR, FLOATS[kind] + LEEWAY * step / sqrt(12))
    step = 0.0
    if rms:
        # Eight bits often have one step for the whole matrix, fewer have one for each row or group.
        ranges = 2 * np.abs(values).max(axis=None if bits == 8 else 1) / (2**bits - 1)
        step = sqrt(float(np.square(ranges).mean())) / rms
    leeway = LEEWAY_OF_ALL if bits == 8 else LEEWAY
    return min(FAR, max(BOUNDS.get(bits, FAR), leeway * step / sqrt(12)))


def _bits(own: Piece) -> int:
    """Whole bits that a value takes, 1 to 8."""
    matrix, main = own.matrix, own.main
    size = (matrix.high or matrix.rows) * (matrix.wide or matrix.columns)
    return min(8, max(1, (main.end - main.begin) * 8 // max(1, size)))
