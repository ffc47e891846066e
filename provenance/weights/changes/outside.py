"""Whether every row of a difference lies in the few directions that a part of it shows.

The rank of a part says nothing of rows that are not in it. The directions of some rows are found,
and each row is held against those of others than itself: what is left of a row that was changed by
the same factors is rounding. To round to the nearest moves a value by half an ulp at most, which
bounds what is left of a row whatever its values are. Where the directions were found with rounding
in them, they are off by as much as that is beside them, and so is a row that is long in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

import numpy as np
import numpy.typing as npt

from provenance.weights.changes.delta import CHUNK, WIDEST, Side, rounded
from provenance.weights.changes.rank import (
    BEYOND,
    DIGITS,
    HIGH,
    SEED,
    Indices,
    digits_of,
    rank,
    ulps,
)
from provenance.weights.values import Floats

MOST = HIGH
"""The highest rank whose directions are held: of a higher one nothing is bound."""
LEAST = 96
"""Rows at least that tell directions, where there are twice as many."""
VALUES = 1 << 23
"""Values of the rows that tell directions, at most."""
KEPT = 64
"""Rows that lie outside whose directions are counted."""
LEEWAY, COARSE = 2.0, 2.0**-16
"""Of the squared bound of rounding, and of the squared change of a row."""
EVEN = 7.0
"""Times the squares of an even error that the squares of the largest one are (12 / 1.71)."""
LARGEST = np.float32(1e15)
SUBNORMAL = 2.0**-50
"""Half a step of the smallest halves, squared."""
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """So many `rows` lie in other directions than the rest, and give all together this `rank`."""

    rows: int
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Space:
    """Orthonormal directions [columns, k], and by how much of itself a row may leak out of each."""

    axes: Floats
    leaks: Numbers

    def is_far(self, change: Floats, bounds: Numbers) -> npt.NDArray[np.bool_]:
        """Which rows have more left of them than rounding leaves."""
        along = change @ self.axes
        before = np.vecdot(change, change).astype(np.float64)
        allowed = (
            LEEWAY * bounds + COARSE * before + np.square(along, dtype=np.float64) @ self.leaks
        )
        rests = change - along @ self.axes.T
        return np.asarray(np.vecdot(rests, rests) > allowed)


@dataclass(kw_only=True)
class _Odd:
    """Rows that are far, some of them with their values."""

    count: int = 0
    changes: list[Floats] = field(default_factory=list)
    own: list[Floats] = field(default_factory=list)


class Held:
    """The rows of two pieces, a derivative's held against factors beside its base's."""

    def __init__(self, base: Side, own: Side) -> None:
        self._base, self._own = base, own
        self.columns = own.piece.matrix.columns
        self._dtype = own.piece.dtype
        self._retyped = self._dtype in DIGITS and base.piece.main.dtype != self._dtype
        self._digits = DIGITS.get(self._dtype, 0)

    def outside(self, lines: Indices, found: int) -> Outside | None:
        """The rows among these that lie in other directions than the rest, of which a part shows so
        many; None where there are none, or rows are too few or too long to tell."""
        count = min(max(LEAST, 2 * found), len(lines) // 2, VALUES // self.columns)
        if not found < count or found > MOST or self.columns > WIDEST:
            return None
        chosen = np.random.default_rng((SEED, len(lines), self.columns))
        some = lines[np.sort(chosen.choice(len(lines), 2 * count, replace=False))]
        change, own = self._read(some)
        self._digits = min(self._digits, digits_of(own))
        bounds = self._bounds(own)
        spaces = [_space(change[at::2], bounds[at::2], found) for at in (0, 1)]
        far = np.zeros(len(some), np.bool_)
        for at, space in enumerate(reversed(spaces)):
            far[at::2] = space.is_far(change[at::2], bounds[at::2])
        odd = self._odd(spaces[0], np.setdiff1d(lines, some))
        if not far.any() and not odd.count:
            return None
        told = self._rank(np.concatenate([change, *odd.changes]), np.concatenate([own, *odd.own]))
        rest = self._rank(change[~far], own[~far])
        return Outside(rows=odd.count + int(far.sum()), rank=told) if told > rest else None

    def _rank(self, change: Floats, own: Floats) -> int:
        noise = ulps(own, self._dtype) * (1 + self._retyped)
        return rank(change, noise) if len(change) else 0

    def _odd(self, space: _Space, lines: Indices) -> _Odd:
        """Those among these rows that are far from a space."""
        odd = _Odd()
        step = max(1, CHUNK // self.columns)
        for at in range(0, len(lines), step):
            change, own = self._read(lines[at : at + step])
            far = space.is_far(change, self._bounds(own))
            if far.any() and odd.count < KEPT:
                odd.changes.append(change[far][:KEPT])
                odd.own.append(own[far][:KEPT])
            odd.count += int(far.sum())
        return odd

    def _read(self, lines: Indices) -> tuple[Floats, Floats]:
        """The change of some rows, and the derivative's; zero for what is no number."""
        base, own = (_rows(side, lines, self.columns) for side in (self._base, self._own))
        with np.errstate(all="ignore"):
            before = rounded(base.reshape(-1), self._dtype).reshape(base.shape)
            change = own - (before if self._retyped else base)
        return _sound(change), _sound(own)

    def _bounds(self, own: Floats) -> Numbers:
        """The square of the largest error of rounding of each row."""
        squares = np.vecdot(own, own).astype(np.float64) * 4.0**-self._digits
        halves = SUBNORMAL * self.columns if self._dtype == "F16" else 0.0
        return np.asarray((squares + halves) * (4.0 if self._retyped else 1.0), np.float64)


def _sound(values: Floats) -> Floats:
    """Numbers whose squares can be summed; zero for what is none."""
    return np.clip(np.nan_to_num(values, posinf=0, neginf=0), -LARGEST, LARGEST)


def _rows(side: Side, lines: Indices, columns: int) -> Floats:
    """Some rows, those that lie one behind the other at once."""
    ends = np.flatnonzero(np.diff(lines) != 1) + 1
    found = [
        side.values(int(run[0]) * columns, (int(run[-1]) + 1) * columns)
        for run in np.split(lines, ends)
    ]
    return np.concatenate(found).reshape(len(lines), columns)


def _space(change: Floats, bounds: Numbers, most: int) -> _Space:
    """The directions of some rows that stand out of rounding, at most so many."""
    lines, columns = change.shape
    wide = change.astype(np.float64)
    squares, turns = np.linalg.eigh(wide @ wide.T)
    noise = float(bounds.mean())
    edge = BEYOND**2 * noise / EVEN * (1 + sqrt(lines / columns)) ** 2
    clear = squares > max(edge, float(squares[-1]) * 1e-12)
    clear[: lines - most] = False
    axes = wide.T @ turns[:, clear] / np.sqrt(squares[clear])
    return _Space(axes=axes.astype(np.float32), leaks=noise / squares[clear])
