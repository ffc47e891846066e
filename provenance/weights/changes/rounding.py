"""How far a packed form may move values by rounding them: what differs by more was changed too."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
import numpy.typing as npt

from provenance.weights.changes.delta import Side
from provenance.weights.changes.pieces import Piece
from provenance.weights.forms.packings import FORMS
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
SCALES = (".scales", ".weight_scale")
LEEWAY, LEEWAY_OF_ALL = 1.25, 2.0
"""Times the error of steps over a whole row, and over a whole matrix, of which only some rows are
seen: a quantiser may choose them worse."""
RUNS: Mapping[str, int] = {"GGML": 32, "bitsandbytes": 64}
"""Values of one line that share a step, where the form says it: of K-quants so many or half."""
MOST = 1 << 24
"""Values of which the steps of groups are looked at; of more a part all over it."""


def farthest(base: Side, own: Piece, some: Floats) -> float:
    """By how much of the norm of its values a piece that is packed may differ from a base by
    rounding alone; `some` are rows [rows, columns] of the base, all over it."""
    values = some[np.isfinite(some).all(axis=1)].astype(np.float64)
    rms = sqrt(float(np.square(values).mean())) if values.size else 0.0
    bits, kind = bits_of(own), own.main.dtype.removesuffix("FNUZ")
    if kind in FLOATS:
        step = SMALLEST[kind] / rms if own.dtype and rms else 0.0
        return min(FAR, FLOATS[kind] + LEEWAY * step / sqrt(12))
    step = _of_groups(base, own, bits) if FORMS[own.matrix.form].turned else 0.0
    if rms and not step:
        step = sqrt(float(np.square(_ranges(values, own, bits)).mean())) / (2**bits - 1) / rms
    leeway = LEEWAY_OF_ALL if bits == 8 and own.matrix.form not in RUNS else LEEWAY
    return min(FAR, max(BOUNDS.get(bits, FAR), leeway * step / sqrt(12)))


def _ranges(values: npt.NDArray[np.float64], own: Piece, bits: int) -> npt.NDArray[np.float64]:
    """The span of what shares a step: eight bits often have one for the whole matrix, fewer have
    one for each row or group."""
    size = _run(own)
    if values.shape[1] % size == 0 and size < values.shape[1]:
        return np.asarray(2 * np.abs(values.reshape(-1, size)).max(axis=1))
    return np.asarray(2 * np.abs(values).max(axis=None if bits == 8 else 1))


def _run(own: Piece) -> int:
    """How many values of one line share a step; all of them where nothing says less."""
    if own.matrix.form in RUNS:
        return RUNS[own.matrix.form]
    beside = (one for one in own.matrix.stored[1:] if one.name.endswith(SCALES))
    rows, columns = own.matrix.high or own.matrix.rows, own.matrix.wide or own.matrix.columns
    counts = (one.size // max(1, rows) for one in beside)
    return columns // max(1, next(counts, 1))


def _of_groups(base: Side, own: Piece, bits: int) -> float:
    """The step by the size of the values, of groups of lines that have one in each column."""
    lines, columns = own.matrix.rows, own.matrix.columns
    groups = next((one.shape[0] for one in own.matrix.stored[1:] if one.name.endswith(SCALES)), 1)
    size = max(1, lines // max(1, groups))
    every = max(1, lines * columns // MOST)
    square = total = 0.0
    for first in range(0, lines - size + 1, size * every):
        found = base.values(first * columns, (first + size) * columns).reshape(size, columns)
        found = np.where(np.isfinite(found), found, 0).astype(np.float64)
        square += size * float(np.square(np.ptp(found, axis=0)).sum())
        total += float(np.square(found).sum())
    return sqrt(square / total) / (2**bits - 1) if total else 0.0


def bits_of(own: Piece) -> int:
    """Whole bits that a value takes, 1 to 8."""
    matrix, main = own.matrix, own.main
    size = (matrix.high or matrix.rows) * (matrix.wide or matrix.columns)
    return min(8, max(1, (main.end - main.begin) * 8 // max(1, size)))
