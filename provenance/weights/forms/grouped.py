"""Whole numbers of few bits in words of 32, with a scale and a zero for each group of inputs.

GPTQ packs the inputs and AWQ the outputs, both with a line for each input. MLX has a line for each
output, and adds a bias where the others take a zero off.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from provenance.weights.forms.form import (
    Form,
    Held,
    Hint,
    Shape,
    lines,
    raw,
    unpacked,
    words,
)
from provenance.weights.forms.scaled import free_columns
from provenance.weights.stored import Reader, Stored, Unreadable
from provenance.weights.values import Floats

AWQ_ORDER = np.array([0, 4, 1, 5, 2, 6, 3, 7])
"""In which of eight places of a word AWQ's GEMM form keeps each of eight outputs."""
AWQ_BITS = 4


def _tensor(beside: tuple[Stored, ...], tail: str) -> Stored | None:
    return next((one for one in beside if one.name.endswith(tail) and len(one.shape) == 2), None)


def _sides(main: Stored, beside: tuple[Stored, ...]) -> tuple[Stored, Stored] | None:
    """Scales and zeros, where both have a line for each group."""
    scales, zeros = _tensor(beside, ".scales"), _tensor(beside, ".qzeros")
    if len(main.shape) != 2 or not main.size or not scales or not zeros or not zeros.size:
        return None
    return (scales, zeros) if scales.size and scales.shape[0] == zeros.shape[0] else None


def _gptq_shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    sides = _sides(main, beside)
    if sides is None or sides[0].shape[1] != main.shape[1]:
        return None
    bits, over = divmod(32 * sides[1].shape[1], main.shape[1])
    if over or not 2 <= bits <= 8 or 32 * main.shape[0] % bits:
        return None
    rows = 32 * main.shape[0] // bits
    order = next((one for one in beside if one.name.endswith(".g_idx")), None)
    fits = order is None or (order.size == rows and order.dtype == "I32")
    return (rows, main.shape[1]) if fits and rows >= sides[0].shape[0] else None


def _awq_shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    sides = _sides(main, beside)
    if sides is None or sides[0].shape[1] != 8 * main.shape[1]:
        return None
    groups = sides[0].shape[0]
    fits = sides[1].shape[1] == main.shape[1] and main.shape[0] % groups == 0
    return (main.shape[0], 8 * main.shape[1]) if fits else None


def _mlx_shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    scales = next((one for one in beside if one.name.endswith(".scales")), None)
    biases = next((one for one in beside if one.name.endswith(".biases")), None)
    if len(main.shape) < 2 or not main.size or scales is None or biases is None:
        return None
    rows = main.size // main.shape[-1]
    if scales.shape != biases.shape or not scales.size or scales.size % rows:
        return None
    columns = free_columns(main.shape[-1], scales.size // rows, hint)
    return (rows, columns) if columns else None


def _gptq(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    count = held.main.shape[0]
    bits = 32 * count // held.rows
    first, last = begin * bits // 32, min(count, -(-end * bits // 32))
    packed = words(held.main, reader, first, last, count).T
    places = np.arange(begin, end) * bits - 32 * first
    values = _at(packed, places, bits).T
    groups = _groups(held, reader, begin, end)
    scales, zeros = _of_groups(held, reader, groups)
    zero = unpacked(zeros, bits, held.columns)
    middle = 2 ** (bits - 1)
    # Format 1 keeps the zero less one; of symmetric weights the zero is the middle in both.
    if not (zero == middle).all():
        zero = (zero + 1) & (2**bits - 1)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((values - zero[groups - groups.min()]).astype(np.float32) * scales)


def _at(packed: npt.NDArray[np.uint32], places: npt.NDArray[np.int64], bits: int) -> _Ints:
    """The numbers that begin at these bits of each line."""
    low = packed[:, places // 32].astype(np.uint64) >> (places % 32).astype(np.uint64)
    after = np.minimum(places // 32 + 1, packed.shape[1] - 1)
    high = packed[:, after].astype(np.uint64) << (32 - places % 32).astype(np.uint64)
    return ((low | high) & np.uint64(2**bits - 1)).astype(np.int32)


_Ints = npt.NDArray[np.int32]


def _groups(held: Held, reader: Reader, begin: int, end: int) -> npt.NDArray[np.int64]:
    """The group of each of these lines."""
    count = held.need(".scales").shape[0]
    order = held.get(".g_idx")
    if order is None:
        return np.arange(begin, end) // -(-held.rows // count)
    groups = np.frombuffer(raw(order, reader, begin, end, held.rows), "<i4").astype(np.int64)
    if groups.size and not 0 <= groups.min() <= groups.max() < count:
        raise Unreadable(f"{order.name} names a group beyond the {count} that have a scale")
    return groups


def _of_groups(
    held: Held, reader: Reader, groups: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.uint32]]:
    """The scales of each line, and the packed zeros of the groups from the lowest to the last."""
    scales, zeros = held.need(".scales"), held.need(".qzeros")
    first, last, count = int(groups.min()), int(groups.max()) + 1, scales.shape[0]
    table = lines(scales, reader, first, last, count)
    return table[groups - first], words(zeros, reader, first, last, count)


def _awq(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    groups = _groups(held, reader, begin, end)
    scales, zeros = _of_groups(held, reader, groups)
    values = _ordered(words(held.main, reader, begin, end, held.rows), held.columns)
    zero = _ordered(zeros, held.columns)[groups - groups.min()]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((values - zero).astype(np.float32) * scales)


def _ordered(packed: npt.NDArray[np.uint32], columns: int) -> _Ints:
    numbers = unpacked(packed, AWQ_BITS, columns).reshape(len(packed), -1, 8)
    return numbers[:, :, AWQ_ORDER].reshape(len(packed), columns)


def _mlx(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    bits = 32 * held.main.shape[-1] // held.columns
    packed = words(held.main, reader, begin, end, held.rows)
    values = unpacked(packed, bits, held.columns).astype(np.float32)
    scales, biases = (
        lines(held.need(tail), reader, begin, end, held.rows) for tail in (".scales", ".biases")
    )
    group = held.columns // scales.shape[1]
    with np.errstate(invalid="ignore", over="ignore"):
        return values * np.repeat(scales, group, axis=1) + np.repeat(biases, group, axis=1)


GPTQ = Form(rows=_gptq, shape=_gptq_shape, turned=True)
AWQ = Form(rows=_awq, shape=_awq_shape, turned=True)
MLX = Form(rows=_mlx, shape=_mlx_shape)
