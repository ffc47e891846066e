"""Weights of 8 bits or more with a scale beside them: of all, of a line, a column or a block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provenance.weights.forms.form import (
    Form,
    Held,
    Hint,
    Shape,
    flat,
    lines,
    raw,
    unpacked,
    words,
)
from provenance.weights.stored import Reader, Stored, Unreadable
from provenance.weights.values import DECODERS, Floats

SCALES = ("scale", "scale_inv", "scale_weight", "_scales", ".SCB")
ZEROS = ("zero_point", "zero_points")
BLOCKS = (128, 64, 32, 16, 8, 256, 512)
"""Lengths of the blocks that share a scale; DeepSeek's 128 comes first."""
SCB = np.float32(127)
"""bitsandbytes keeps the largest size of a line, which is 127 of its steps (LLM.int8)."""


def _plain(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    return lines(held.main, reader, begin, end, held.rows)


def _scaled(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    values = lines(held.main, reader, begin, end, held.rows)
    if zero := held.get(*ZEROS):
        values = values - _spread(zero, held, reader, begin, end)
    scales = _spread(held.need(*SCALES), held, reader, begin, end)
    with np.errstate(invalid="ignore", over="ignore"):
        return values * (scales / SCB if held.get(".SCB") else scales)


def _spread(one: Stored, held: Held, reader: Reader, begin: int, end: int) -> Floats:
    """The scale of each value of these lines, or what spreads to it."""
    grid = grid_of(one, held.rows, held.columns)
    if grid is None:
        raise Unreadable(f"{one.name}: {one.shape} does not fit {held.rows} x {held.columns}")
    first, last = begin // grid.high, max(begin, end - 1) // grid.high + 1
    table = lines(one, reader, first, last, -(-held.rows // grid.high))
    table = table[np.arange(begin, end) // grid.high - first]
    return np.repeat(table, grid.wide, axis=1)[:, : held.columns]


@dataclass(frozen=True, slots=True)
class Grid:
    """Blocks of `high` lines and `wide` columns."""

    high: int
    wide: int


def grid_of(one: Stored, rows: int, columns: int) -> Grid | None:
    """Which values share each number of a tensor; None where they do not fit.

    A vector as long as both axes belongs to the columns where the tensor says so itself.
    """
    if one.size <= 1 or not rows or not columns:
        return Grid(max(1, rows), max(1, columns)) if one.size else None
    long = max(one.shape)
    if one.size != long:
        high, wide = _block(rows, one.size // one.shape[-1]), _block(columns, one.shape[-1])
        return Grid(high, wide) if high and wide else None
    lying = one.turned or (len(one.shape) > 1 and one.shape[-1] == long)
    if long == columns and (lying or long != rows):
        return Grid(rows, 1)
    if long == rows:
        return Grid(1, columns)
    high, wide = (0, _block(columns, long)) if lying else (_block(rows, long), columns)
    return Grid(rows, wide) if lying and wide else Grid(high, wide) if high else None


def _block(length: int, count: int) -> int:
    """The length of `count` blocks that cover an axis, the last one perhaps in part; 0 if none."""
    if count == 1:
        return length
    if count and length % count == 0:
        return length // count
    return next((block for block in BLOCKS if -(-length // block) == count), 0)


def _shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    shape = flat(main, beside, hint)
    scales = [one for one in beside if one.name.endswith(SCALES)]
    fit = shape and scales and all(grid_of(one, *shape) for one in scales)
    return shape if fit and all(one.dtype in DECODERS for one in scales) else None


def _packed_shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    """compressed-tensors keeps lines, and four or eight bits of each value in words of 32."""
    scale = next((one for one in beside if one.name.endswith("weight_scale")), None)
    if len(main.shape) != 2 or scale is None or not scale.size:
        return None
    rows, count = main.shape
    groups = scale.size // rows if rows and scale.size % rows == 0 else 1
    columns = free_columns(count, groups, hint)
    return (rows, columns) if columns and grid_of(scale, rows, columns) else None


def free_columns(count: int, groups: int, hint: Hint) -> int:
    """How many values `count` words of a line hold in so many groups, by the rest of the model."""
    possible = {bits: 32 * count // bits for bits in (4, 8, 2, 3, 6, 5) if not 32 * count % bits}
    possible = {bits: n for bits, n in possible.items() if n % groups == 0}
    if not hint.writes and hint.width in possible.values():
        return hint.width
    if groups > 1 and groups * hint.group in possible.values():
        return groups * hint.group
    return possible.get(hint.bits or 4, 0) or possible.get(8, 0)


def _packed(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    count = held.main.shape[-1]
    bits = 32 * count // held.columns
    packed = words(held.main, reader, begin, end, held.rows)
    values = unpacked(packed, bits, held.columns)
    zero = held.get("zero_point")
    zeros = 2 ** (bits - 1) if zero is None else _zeros(zero, held, reader, begin, end, bits)
    order = held.get("g_idx")
    scale = held.need("weight_scale")
    if order is None or scale.size in (1, held.rows):
        scales = _spread(scale, held, reader, begin, end)
    else:
        groups = np.frombuffer(raw(order, reader, 0, 1, 1), "<i4")
        table = lines(scale, reader, begin, end, held.rows)
        scales = table[:, np.clip(groups, 0, table.shape[1] - 1)]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((values - zeros).astype(np.float32) * scales)


def _zeros(
    zero: Stored, held: Held, reader: Reader, begin: int, end: int, bits: int
) -> np.typing.NDArray[np.int32]:
    """The zeros of these lines, which are packed along the lines: [end - begin, columns]."""
    if len(zero.shape) != 2 or zero.shape[0] != -(-held.rows * bits // 32):
        raise Unreadable(f"{zero.name}: {zero.shape} does not fit {held.rows} lines")
    first, last = begin * bits // 32, ((end - 1) * bits) // 32 + 1
    packed = words(zero, reader, first, last, zero.shape[0]).T
    skipped = begin - first * 32 // bits
    numbers = unpacked(packed, bits, skipped + end - begin)[:, skipped:].T
    return np.repeat(numbers, held.columns // zero.shape[1], axis=1)


PLAIN = Form(rows=_plain, shape=flat)
SCALED = Form(rows=_scaled, shape=_shape)
PACKED = Form(rows=_packed, shape=_packed_shape)
