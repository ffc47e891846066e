"""The rank of a difference, told apart from the rounding of the values that were stored.

A random part of the matrix has the same rank while that is below its size. Rounding adds noise of
variance s² = mean(ulp²)/12 to it, whose largest singular value is about s·(√m + √n): what is beyond
1.5 times that is no rounding. Lines of large values are rounded more coarsely than others: each
line and column is divided by its own noise first, which leaves the rank as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
import numpy.typing as npt

from provenance.weights.values import Floats

Indices = npt.NDArray[np.intp]
Sizes = npt.NDArray[np.float64]

SIDE, FIRST = 384, 96
"""Rows and columns of the part, and of the part of it that is looked at first: of more than these,
OpenBLAS takes several threads, which wait for each other far longer than they compute."""
HIGH = 64
"""A rank of the first part above which the rest of it is not looked at."""
LOW = 32
"""The highest rank that is called low."""
BEYOND, UNEVEN = 1.5, 256.0
FEWEST = 32
"""Rows and columns below which noise may have a direction."""
CLEAR = 3.5
"""Times the largest direction of noise: where steps are coarse for most values, an honest error
has some of the matrix's own directions, up to 2.5 times as large (measured)."""
TURNS = 3
"""How often rows and columns are brought to one size."""
SEED = 20_260_102
DIGITS: Mapping[str, int] = {"BF16": 8, "F16": 11, "F32": 24, "F64": 53}
"""Bits of the significand, with the hidden one."""
COARSEST, SINGLE, MANTISSA = 8, 24, (1 << 23) - 1
"""Those of BF16 and of a float32, and where the bits of the latter are that it stores."""


def places(length: int) -> Indices:
    """Which of so many rows or columns are looked at, ascending: the same whenever asked."""
    if length <= SIDE:
        return np.arange(length)
    chosen = np.random.default_rng((SEED, length)).choice(length, SIDE, replace=False, shuffle=True)
    return np.sort(chosen)


def ulps(values: Floats, dtype: str) -> Sizes:
    """The squared distance to the next value that a dtype has, of each of these; of a dtype that is
    no float by itself as if it were BF16, and of one that is finer than all values need as coarse
    as those are: what was rounded before keeps that noise in another type."""
    _, exponents = np.frexp(values)
    digits = min(DIGITS.get(dtype, COARSEST), max(COARSEST, digits_of(values)))
    return np.where(values != 0, np.ldexp(1.0, 2 * (exponents - digits)), 0.0)


def digits_of(values: Floats) -> int:
    """Bits of the significand that the values take, all of them together."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    every = int(np.bitwise_or.reduce(bits, axis=None)) & MANTISSA | MANTISSA + 1
    return SINGLE + 1 - (every & -every).bit_length()


def rank(difference: Floats, squares: Sizes | float) -> int:
    """How many directions of a difference [m, n] stand out of rounding by ulps of these squares;
    at least so many where that is more than HIGH."""
    some = np.broadcast_to(np.asarray(squares, np.float64), difference.shape)
    first = difference[:FIRST, :FIRST]
    if min(first.shape) == FIRST and (found := _standing(first, some[:FIRST, :FIRST])) > HIGH:
        return found
    return _standing(difference, some)


def standing(difference: Floats) -> int:
    """How many directions stand out of what rounding did to single values, with a step for each row
    or column: noise has none, and what was trained before it was rounded has."""
    m, n = difference.shape
    if min(m, n) < FEWEST:
        return 0
    wide = difference.astype(np.float64)
    for _ in range(TURNS):
        for axis in (0, 1):
            size = np.sqrt(np.square(wide).mean(axis=axis, keepdims=True))
            wide = np.divide(wide, size, out=np.zeros_like(wide), where=size > 0)
    return _standing(wide, np.full(wide.shape, 12.0 * (CLEAR / BEYOND) ** 2))


def is_low(found: int, rows: int, columns: int) -> bool:
    """Whether a rank is low for a matrix of that size."""
    return 0 < found <= min(LOW, max(1, min(rows, columns) // 2))


def _standing(difference: npt.NDArray[np.floating], squares: Sizes) -> int:
    """How many singular values are beyond those of rounding."""
    m, n = difference.shape
    lines, columns = _coarseness(squares, 1), _coarseness(squares, 0)
    by_noise = lines * columns
    wide = difference / by_noise
    mean = float((squares / np.square(by_noise)).mean())
    gram = wide @ wide.T if m <= n else wide.T @ wide
    edge = BEYOND * sqrt(mean / 12) * (sqrt(m) + sqrt(n))
    values = np.linalg.eigvalsh(gram)
    least = max(edge * edge, float(values[-1]) * 1e-12)
    return int((values > least).sum())


def _coarseness(squares: Sizes, axis: int) -> Sizes:
    """How coarse each line or column is beside the mean of all, at most UNEVEN times."""
    means = squares.mean(axis=axis, keepdims=True)
    middle = float(means.mean())
    if middle <= 0:
        return np.ones_like(means)
    found: Sizes = np.sqrt(np.clip(means / middle, UNEVEN**-2, UNEVEN**2))
    return found
