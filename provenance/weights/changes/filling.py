"""What stands in the rows that were added behind those of a base's table.

Programs fill them with zeros, with the mean of the others or with a copy of one. Whatever else
stands there was learnt, or put there.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from provenance.weights.changes.delta import CHUNK, Side
from provenance.weights.values import Floats

SMALL, NEAR = 0.05, 0.25
"""Of the size of a common row, what is as good as none; and of the mean, how far from it a row may
be rounded."""


def is_filled(own: Side, first: int) -> bool:
    """Whether every row from this one on is zeros, the mean of those before, or one of them."""
    total = np.zeros(own.piece.matrix.columns)
    known: set[bytes] = set()
    square = 0.0
    for rows in _rows(own, 0, first):
        total += rows.sum(axis=0, dtype=np.float64)
        square += float(np.square(rows, dtype=np.float64).sum())
        known.update(map(_digest, rows))
    mean = total / first
    near = NEAR * np.linalg.norm(mean) + SMALL * np.sqrt(square / first)
    return all(
        _digest(row) in known or min(np.linalg.norm(row), np.linalg.norm(row - mean)) <= near
        for rows in _rows(own, first, own.piece.matrix.rows)
        for row in rows
    )


def _digest(row: Floats) -> bytes:
    return blake2b(row.tobytes(), digest_size=16).digest()


def _rows(own: Side, first: int, last: int) -> Iterator[Floats]:
    columns = own.piece.matrix.columns
    step = max(1, CHUNK // max(1, columns))
    for at in range(first, last, step):
        end = min(last, at + step)
        yield own.values(at * columns, end * columns).reshape(end - at, columns)
