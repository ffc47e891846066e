"""The blocks of llama.cpp (ggml-quants.c): some values of one line with their scales in one piece.

Each function takes blocks as uint8 [blocks, bytes] and gives float32 [blocks, values].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from provenance.formats.gguf import BLOCKS
from provenance.weights.forms.form import Form, Held, Hint, Shape, flat, raw
from provenance.weights.stored import Reader, Stored
from provenance.weights.values import E2M1, EIGHT, Floats

Bytes = npt.NDArray[np.uint8]
IQ4 = np.array(
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float32
)
"""kvalues_iq4nl."""


def _half(data: Bytes) -> Floats:
    """A float of 16 bits, [blocks, 1]."""
    return np.ascontiguousarray(data).view("<f2").astype(np.float32)


def _bits(data: Bytes, width: int, run: int) -> Bytes:
    """Numbers of `width` bits: of each run of bytes first the lowest bits of all, then the next."""
    shifts = np.arange(0, 8, width, dtype=np.uint8).reshape(1, 1, -1, 1)
    parts = data.reshape(len(data), -1, 1, run) >> shifts & np.uint8(2**width - 1)
    return parts.reshape(len(data), -1)


def _signed(numbers: npt.NDArray[np.integer], middle: int) -> Floats:
    return numbers.astype(np.float32) - np.float32(middle)


def _per(values: Floats, scales: Floats) -> Floats:
    """Values times the scale of their part of the block."""
    parts = values.reshape(len(values), scales.shape[1], -1)
    return np.asarray((parts * scales[:, :, None]).reshape(values.shape))


def _q4_0(b: Bytes) -> Floats:
    return _half(b[:, :2]) * _signed(_bits(b[:, 2:], 4, 16), 8)


def _q4_1(b: Bytes) -> Floats:
    return _half(b[:, :2]) * _signed(_bits(b[:, 4:], 4, 16), 0) + _half(b[:, 2:4])


def _fifth(low: Bytes, high: Bytes) -> Bytes:
    """Numbers of five bits; the highest of all stand behind each other."""
    return low | np.unpackbits(high, axis=1, bitorder="little") << np.uint8(4)


def _q5_0(b: Bytes) -> Floats:
    return _half(b[:, :2]) * _signed(_fifth(_bits(b[:, 6:], 4, 16), b[:, 2:6]), 16)


def _q5_1(b: Bytes) -> Floats:
    numbers = _fifth(_bits(b[:, 8:], 4, 16), b[:, 4:8])
    return _half(b[:, :2]) * _signed(numbers, 0) + _half(b[:, 2:4])


def _q8_0(b: Bytes) -> Floats:
    return _half(b[:, :2]) * b[:, 2:].view(np.int8).astype(np.float32)


def _q8_k(b: Bytes) -> Floats:
    scale = np.ascontiguousarray(b[:, :4]).view("<f4")
    return np.asarray(scale * b[:, 4:260].view(np.int8).astype(np.float32))


def _q2_k(b: Bytes) -> Floats:
    scales = _half(b[:, 80:82]) * _signed(b[:, :16] & 15, 0)
    least = _half(b[:, 82:84]) * _signed(b[:, :16] >> 4, 0)
    numbers = _signed(_bits(b[:, 16:80], 2, 32), 0)
    return _per(numbers, scales) - np.repeat(least, 16, axis=1)


def _q3_k(b: Bytes) -> Floats:
    low, high = _bits(b[:, 96:104], 4, 8), _bits(b[:, 104:108], 2, 4)
    scales = _half(b[:, 108:110]) * _signed(low | high << np.uint8(4), 32)
    third = _bits(b[:, :32], 1, 32)
    return _per(_signed(_bits(b[:, 32:96], 2, 32) | third << np.uint8(2), 4), scales)


def _scale_min(b: Bytes) -> tuple[Floats, Floats]:
    """Eight scales and eight least values of Q4_K and Q5_K, [blocks, 8] each."""
    low, middle, last = b[:, 4:8], b[:, 8:12], b[:, 12:16]
    scales = np.concatenate([low & 63, last & 15 | low >> 2 & 48], axis=1)
    least = np.concatenate([middle & 63, last >> 4 | middle >> 2 & 48], axis=1)
    return _half(b[:, :2]) * _signed(scales, 0), _half(b[:, 2:4]) * _signed(least, 0)


def _q4_k(b: Bytes) -> Floats:
    scales, least = _scale_min(b)
    return _per(_signed(_bits(b[:, 16:], 4, 32), 0), scales) - np.repeat(least, 32, axis=1)


def _q5_k(b: Bytes) -> Floats:
    scales, least = _scale_min(b)
    numbers = _bits(b[:, 48:], 4, 32) | _bits(b[:, 16:48], 1, 32) << np.uint8(4)
    return _per(_signed(numbers, 0), scales) - np.repeat(least, 32, axis=1)


def _q6_k(b: Bytes) -> Floats:
    numbers = _bits(b[:, :128], 4, 64) | _bits(b[:, 128:192], 2, 32) << np.uint8(4)
    scales = _half(b[:, 208:210]) * b[:, 192:208].view(np.int8).astype(np.float32)
    return _per(_signed(numbers, 32), scales)


def _iq4_nl(b: Bytes) -> Floats:
    return np.asarray(_half(b[:, :2]) * IQ4[_bits(b[:, 2:], 4, 16)])


def _iq4_xs(b: Bytes) -> Floats:
    high = np.ascontiguousarray(b[:, 2:4]).view("<u2") >> np.arange(0, 16, 2, dtype=np.uint16) & 3
    low = np.stack([b[:, 4:8] & 15, b[:, 4:8] >> 4], axis=2).reshape(len(b), 8)
    scales = _half(b[:, :2]) * _signed(low | high.astype(np.uint8) << np.uint8(4), 32)
    numbers = b[:, 8:].reshape(len(b), 8, 16)
    codes = np.concatenate([numbers & 15, numbers >> 4], axis=2).reshape(len(b), 256)
    return _per(IQ4[codes], scales)


def _mxfp4(b: Bytes) -> Floats:
    return np.asarray(EIGHT["F8_E8M0"][b[:, :1]] * E2M1[_bits(b[:, 1:], 4, 16)])


Decoder = Callable[[Bytes], Floats]
TYPES: Mapping[str, tuple[int, Decoder]] = {
    "Q4_0": (2, _q4_0),
    "Q4_1": (3, _q4_1),
    "Q5_0": (6, _q5_0),
    "Q5_1": (7, _q5_1),
    "Q8_0": (8, _q8_0),
    "Q2_K": (10, _q2_k),
    "Q3_K": (11, _q3_k),
    "Q4_K": (12, _q4_k),
    "Q5_K": (13, _q5_k),
    "Q6_K": (14, _q6_k),
    "Q8_K": (15, _q8_k),
    "IQ4_NL": (20, _iq4_nl),
    "IQ4_XS": (23, _iq4_xs),
    "MXFP4": (39, _mxfp4),
}
"""The number of each type in a file, and how its blocks are read."""


def _shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    values, _ = BLOCKS[TYPES[main.dtype][0]]
    shape = flat(main, beside, hint)
    return shape if shape and shape[1] % values == 0 else None


def _rows(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    number, decode = TYPES[held.main.dtype]
    data = np.frombuffer(raw(held.main, reader, begin, end, held.rows), np.uint8)
    with np.errstate(invalid="ignore", over="ignore"):
        return decode(data.reshape(-1, BLOCKS[number][1])).reshape(end - begin, held.columns)


GGML = Form(rows=_rows, shape=_shape)
