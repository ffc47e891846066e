"""A piece whose rows are the other's columns: ONNX and some programs keep a layer's inputs first.

It is read as if it lay like the other. Columns are taken from a pass over all its rows, so many at
once that memory stays bounded and passes are few.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np

from provenance.weights.changes.delta import CHUNK, WIDEST, Side
from provenance.weights.changes.pieces import Piece
from provenance.weights.matrix import Matrix
from provenance.weights.stored import Unreadable
from provenance.weights.values import Floats

BAND = 1 << 23
"""Values that are kept of one pass."""


def lies_turned(one: Piece, other: Piece) -> bool:
    """Whether the rows of the one are the columns of the other."""
    ours, theirs = one.matrix, other.matrix
    if (ours.rows, ours.columns) != (theirs.columns, theirs.rows) or 1 in (ours.rows, ours.columns):
        return False
    if ours.residual is None or theirs.residual is None:
        return one.main.turned != other.main.turned
    return ours.residual != theirs.residual


@dataclass(frozen=True, slots=True, kw_only=True)
class _Band:
    """Rows of the turned piece from `first` on, [rows, columns]."""

    first: int = 0
    values: Floats = field(default_factory=lambda: np.zeros((0, 1), np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned(Side):
    """A side that is read as it would lie in the other; `lying` is its matrix as stored, and
    `inner` reads that."""

    lying: Matrix
    inner: Side
    _held: list[_Band] = field(default_factory=lambda: [_Band()])
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, side: Side) -> Turned:
        """The same piece with its axes exchanged."""
        lying = side.piece.matrix
        matrix = replace(lying, rows=lying.columns, columns=lying.rows, residual=None)
        return cls(
            piece=replace(side.piece, matrix=matrix), reader=side.reader, lying=lying, inner=side
        )

    def values(self, begin: int, end: int) -> Floats:
        """Its values `begin` to `end` in that order; Unreadable where a line is too long."""
        wide = self.lying.rows
        if max(wide, self.lying.columns) > WIDEST:
            raise Unreadable(f"a line of {wide} values, at most {WIDEST} are read")
        first, last = begin // wide, -(-end // wide)
        found = self._lines(first, last).reshape(-1)
        return found[begin - first * wide : end - first * wide]

    def _lines(self, first: int, last: int) -> Floats:
        with self._lock:
            held = self._held[0]
            if not held.first <= first <= last <= held.first + len(held.values):
                self._held[0] = held = self._band(first, last)
        return held.values[first - held.first : last - held.first]

    def _band(self, first: int, last: int) -> _Band:
        lying = self.lying
        last = min(lying.columns, max(last, first + BAND // lying.rows))
        values = np.empty((last - first, lying.rows), np.float32)
        step = max(1, CHUNK // lying.columns)
        for at in range(0, lying.rows, step):
            end = min(lying.rows, at + step)
            some = self.inner.values(at * lying.columns, end * lying.columns)
            values[:, at:end] = some.reshape(end - at, -1)[:, first:last].T
        return _Band(first=first, values=values)
