"""bitsandbytes' weights of 4 bits: a code for each value, and the largest size of each block."""

from __future__ import annotations

import numpy as np

from provenance.errors import Malformed
from provenance.formats import json
from provenance.weights.forms.form import Form, Held, Hint, Shape, raw, whole
from provenance.weights.stored import Reader, Stored, Unreadable
from provenance.weights.values import Floats, nibbles

STATE = (".quant_state.bitsandbytes__nf4", ".quant_state.bitsandbytes__fp4")
STATE_OF_WEIGHT = tuple(f".weight{tail}" for tail in STATE)
NESTED = 256
"""Sizes that share a size of their own, where sizes are quantised too."""


def _shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    """The shape stands in a tensor's values; of a layer one axis is the residual stream's."""
    count = 2 * main.size
    sizes = next((one for one in beside if one.name.endswith(".absmax")), None)
    if not sizes or not sizes.size or not hint.width or count % hint.width:
        return None
    if count // sizes.size not in (32, 64, 128, 256, 512, 1024, 2048, 4096):
        return None
    other = count // hint.width
    return (hint.width, other) if hint.writes else (other, hint.width)


def _rows(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    first, last = begin * held.columns, end * held.columns
    data = raw(held.main, reader, first // 2, -(-last // 2), held.main.size)
    # The first of two values is in the high half of a byte.
    pairs = np.frombuffer(data, np.uint8)
    codes = nibbles((pairs >> 4 | pairs << 4).astype(np.uint8))[first % 2 :][: last - first]
    table = whole(held.need(".quant_map"), reader)
    if table.size != 16:
        raise Unreadable(f"{held.main.name}: {table.size} values in quant_map, expected 16")
    block = 2 * held.main.size // held.need(".absmax").size
    sizes = _sizes(held, reader, first // block, -(-last // block))
    spread = sizes[np.arange(first, last) // block - first // block]
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.asarray(table[codes] * spread)
    return values.reshape(end - begin, held.columns)


def _sizes(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    """The sizes of blocks `begin` to `end`."""
    sizes = held.need(".absmax")
    values = raw(sizes, reader, begin, end, sizes.size)
    if sizes.dtype == "F32":
        return np.frombuffer(values, "<f4")
    nested, table = held.need(".nested_absmax"), whole(held.need(".nested_quant_map"), reader)
    state = _state(held.need(*STATE), reader)
    block, offset = state.get("nested_blocksize", NESTED), state.get("nested_offset", 0)
    if not isinstance(block, int) or not isinstance(offset, int | float) or block < 1:
        raise Unreadable(f"{held.main.name}: quant_state has no sound nested_blocksize and offset")
    if sizes.dtype != "U8" or nested.dtype != "F32" or table.size != 256:
        raise Unreadable(f"{held.main.name}: sizes of {sizes.dtype}, expected F32 or U8")
    if nested.size * block < sizes.size:
        raise Unreadable(f"{nested.name}: {nested.size} values, too few for {sizes.size} sizes")
    first, last = begin // block, -(-end // block)
    outer = np.frombuffer(raw(nested, reader, first, last, nested.size), "<f4")
    spread = outer[np.arange(begin, end) // block - first]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(table[np.frombuffer(values, np.uint8)] * spread + np.float32(offset))


def _state(one: Stored, reader: Reader) -> dict[str, object]:
    data = raw(one, reader, 0, 1, 1)
    if not any(data):  # what a reader without bytes gives
        return {}
    try:
        state = json.loads(data)
    except Malformed as error:
        raise Unreadable(f"{one.name}: {error}") from None
    if not isinstance(state, dict):
        raise Unreadable(f"{one.name} is no object of JSON")
    return state


FOUR = Form(rows=_rows, shape=_shape)
