"""What an adapter's parameters change of a base's weight: the product of two factors, or more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, sqrt

import numpy as np
import numpy.typing as npt

from provenance.weights.changes.adapters import PARAMETERS, inner, is_turned, method_of
from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.delta import CHUNK, Side, squared
from provenance.weights.changes.pieces import Piece
from provenance.weights.methods import TOKENS
from provenance.weights.roles import module_of
from provenance.weights.stored import Stored, Unreadable
from provenance.weights.values import decoded

LARGEST = 1 << 24
"""Values of one factor."""
Scales = Mapping[str, float]
Factor = npt.NDArray[np.float64]


def adapted_change(change: Change, base: Side, own: Side, scales: Scales) -> Change:
    """The change that an adapter's parameters make of the base's weight; `scales` are alpha by rank
    under the ends of the names of modules."""
    if own.piece.matrix.form == PARAMETERS:
        return _beyond_factors(change, base.piece, own.piece)
    return product_change(change, base, own, scales)


def _beyond_factors(change: Change, base: Piece, own: Piece) -> Change:
    """What is no product of two factors may change a weight in every direction, and by how much is
    not told."""
    words = f"an adapter's parameters ({method_of(own)})"
    rows, columns = base.matrix.rows, base.matrix.columns
    tokens = next((one for one in own.matrix.stored if TOKENS in one.name), None)
    if tokens is not None and len(own.matrix.stored) == 1:
        count = f"{tokens.shape[0]} of {rows} rows"
        return replace(change, kind=Kind.ROWS, share=1.0, detail=f"{count}: {words}")
    most = min(rows, columns)
    return replace(change, kind=Kind.DENSE, rank=most, share=1.0, detail=f"{words}, size not told")


def product_change(change: Change, base: Side, own: Side, scales: Scales) -> Change:
    """The change that a product of factors makes of the base's matrix; `scales` are alpha by rank
    under the ends of the names of modules."""
    shapes = [(side.piece.matrix.rows, side.piece.matrix.columns) for side in (base, own)]
    if sorted(shapes[0]) != sorted(shapes[1]):
        words = f"[{shapes[1][0]}, {shapes[1][1]}] of [{shapes[0][0]}, {shapes[0][1]}]"
        return replace(change, kind=Kind.UNREADABLE, detail=f"factors of another shape: {words}")
    scale = _scale(scales, own.piece)
    with np.errstate(all="ignore"):
        first, second = _both(own)
        square = float(((second.T @ second) * (first @ first.T)).sum())
        before = _norm(base)
    if not isfinite(square) or not isfinite(before):
        return replace(change, kind=Kind.UNREADABLE, detail="holds values that are no numbers")
    if square <= 0 or scale == 0:
        return replace(change, kind=Kind.IDENTICAL, detail="the product of its factors is zero")
    relative = abs(scale or 1.0) * sqrt(square) / before if before else 1.0
    return replace(
        change,
        kind=Kind.LOW_RANK,
        rank=len(first),
        relative=float(f"{relative:.6g}"),
        share=1.0,
        detail="an adapter's factors" + ("" if scale is not None else ", scale not known: 1"),
    )


def _scale(scales: Scales, piece: Piece) -> float | None:
    """Of the longest end of the module's name that has one."""
    words = module_of(piece.name).split(".")
    ends = (".".join(words[at:]) for at in range(len(words) + 1))
    return next((scales[end] for end in ends if end in scales), None)


def _both(own: Side) -> tuple[Factor, Factor]:
    """The factors [rank, in] and [out, rank], what stands between them in the first."""
    a, b, *between = own.piece.matrix.stored
    rank = inner(a)
    first, second = _read(a, own), _read(b, own)
    first = first.reshape(-1, rank).T if is_turned(a) else first.reshape(rank, -1)
    second = second.reshape(rank, -1).T if is_turned(b) else second.reshape(-1, rank)
    for one in between:
        first = first * _read(one, own).reshape(rank, 1)
    return first, second


def _read(factor: Stored, own: Side) -> Factor:
    if factor.size > LARGEST:
        raise Unreadable(f"a factor of {factor.size} values, at most {LARGEST} are read")
    data = own.reader.read(factor.path, factor.begin, factor.end)
    return decoded(factor.dtype, data).astype(np.float64)


def _norm(base: Side) -> float:
    columns = max(1, base.piece.matrix.columns)
    step = max(1, CHUNK // columns) * columns
    total = 0.0
    for begin in range(0, base.piece.size, step):
        total += squared(base.values(begin, min(base.piece.size, begin + step)))
    return sqrt(total)
