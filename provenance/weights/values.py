"""Bytes to numbers: each dtype that holds a weight by itself, and one canonical form of all.

The canonical form of a value is the nearest bfloat16, ties to even, as its 16 bits: what only
changed its type keeps it. A NaN of any payload is one NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint16]

CANONICAL_NAN = 0x7FC0


def _bf16(data: bytes) -> Floats:
    bits: npt.NDArray[np.uint32] = np.left_shift(np.frombuffer(data, "<u2"), 16, dtype="<u4")
    return bits.view("<f4")


def _plain(kind: str) -> Callable[[bytes], Floats]:
    def decoded(data: bytes) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.frombuffer(data, kind).astype(np.float32)

    return decoded


def _small(exponent: int, mantissa: int, bias: int, *, infinite: bool, zeros: bool) -> Floats:
    """The 256 values of a float of 8 bits: sign, exponent, mantissa.

    With `infinite` the highest exponent means infinity and NaN (IEEE 754). Else only the highest
    code of each sign is NaN, or, with `zeros` alone among them, minus zero.
    """
    codes = np.arange(256)
    parts = (codes >> mantissa) & (2**exponent - 1)
    fraction = (codes & (2**mantissa - 1)) / 2**mantissa
    size = np.where(
        parts == 0,
        np.ldexp(fraction, 1 - bias),
        np.ldexp(1 + fraction, parts - bias),
    )
    if infinite:
        size = np.where(parts == 2**exponent - 1, np.where(fraction == 0, np.inf, np.nan), size)
    values = np.where(codes & 0x80, -size, size)
    if zeros:
        values[0x80] = np.nan
    elif not infinite:
        values[[0x7F, 0xFF]] = np.nan
    return np.asarray(values, np.float32)


E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)
"""The values of a float of 4 bits (OCP Microscaling Formats 1.0, 5.3.3)."""
EIGHT: Mapping[str, Floats] = {
    "F8_E4M3": _small(4, 3, 7, infinite=False, zeros=False),
    "F8_E5M2": _small(5, 2, 15, infinite=True, zeros=False),
    "F8_E4M3FNUZ": _small(4, 3, 8, infinite=False, zeros=True),
    "F8_E5M2FNUZ": _small(5, 2, 16, infinite=False, zeros=True),
    "F8_E8M0": np.append(np.ldexp(1.0, np.arange(255) - 127), np.nan).astype(np.float32),
}
"""The value of each byte (OCP 8-bit Floating Point 1.0; Microscaling 5.4.1; FNUZ as in MLIR)."""


def _byte(table: Floats) -> Callable[[bytes], Floats]:
    return lambda data: np.asarray(table[np.frombuffer(data, np.uint8)])


def nibbles(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Two numbers of 4 bits of each byte, the low one first, along the last axis."""
    both = np.stack([data & 15, data >> 4], axis=-1)
    return both.reshape(*data.shape[:-1], 2 * data.shape[-1])


def _f4(data: bytes) -> Floats:
    return np.asarray(E2M1[nibbles(np.frombuffer(data, np.uint8))])


DECODERS: Mapping[str, Callable[[bytes], Floats]] = {
    "BF16": _bf16,
    "F16": _plain("<f2"),
    "F32": _plain("<f4"),
    "F64": _plain("<f8"),
    "I8": _plain("i1"),
    "U8": _plain("u1"),
    "F4": _f4,
    **{dtype: _byte(table) for dtype, table in EIGHT.items()},
}
"""How the bytes of one dtype become float32; one that is not here cannot be read by itself."""


def decoded(dtype: str, data: bytes) -> Floats:
    """The values as float32, one dimension; KeyError for a dtype that has no decoder."""
    return DECODERS[dtype](data)


def canonical(values: Floats) -> Bits:
    """The nearest bfloat16 of each value as its bits, ties to even (IEEE 754, 4.3.1)."""
    raw = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (raw + 0x7FFF + ((raw >> 16) & 1)) >> 16
    bits = rounded.astype(np.uint16)
    bits[np.isnan(values)] = CANONICAL_NAN
    return bits


def from_canonical(bits: Bits) -> Floats:
    """The values of canonical bits."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
