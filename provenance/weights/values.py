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
    bits = np.frombuffer(data, "<u2").astype("<u4")
    bits <<= 16
    return bits.view("<f4")


def _plain(kind: str) -> Callable[[bytes], Floats]:
    def decoded(data: bytes) -> Floats:
        with np.errstate(over="ignore"):
            return np.frombuffer(data, kind).astype(np.float32)

    return decoded


DECODERS: Mapping[str, Callable[[bytes], Floats]] = {
    "BF16": _bf16,
    "F16": _plain("<f2"),
    "F32": _plain("<f4"),
    "F64": _plain("<f8"),
    "I8": _plain("i1"),
    "U8": _plain("u1"),
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
