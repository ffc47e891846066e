"""Bytes to numbers: small floats and blocks, against the words of their documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from provenance.formats.gguf import BLOCKS, NAMES
from provenance.weights.forms.ggml import IQ4, TYPES
from provenance.weights.values import E2M1, canonical, decoded, from_canonical

NAN, INF = float("nan"), float("inf")
SMALL = {
    "F8_E4M3": {0x00: 0, 0x01: 2**-9, 0x38: 1, 0x7E: 448, 0x7F: NAN, 0xFF: NAN, 0xB8: -1},
    "F8_E5M2": {0x01: 2**-16, 0x3C: 1, 0x7B: 57344, 0x7C: INF, 0xFC: -INF, 0x7D: NAN},
    "F8_E4M3FNUZ": {0x01: 2**-10, 0x40: 1, 0x7F: 240, 0x80: NAN, 0xFF: -240},
    "F8_E5M2FNUZ": {0x01: 2**-17, 0x40: 1, 0x7F: 57344, 0x80: NAN},
    "F8_E8M0": {0: 2**-127, 127: 1, 128: 2, 254: 2**127, 255: NAN},
}


@pytest.mark.parametrize(("dtype", "values"), SMALL.items(), ids=SMALL.keys())
def test_small_floats(dtype: str, values: dict[int, float]) -> None:
    found = decoded(dtype, bytes(values))
    np.testing.assert_array_equal(found, np.array(list(values.values()), np.float32))


def test_two_values_of_a_byte() -> None:
    assert decoded("F4", b"\x72\xf9").tolist() == [1, 6, -0.5, -6]


def test_what_is_no_number_has_one_canonical_form() -> None:
    some = decoded("F32", np.array([NAN, -NAN, INF, -INF], "<f4").tobytes())
    bits = canonical(some)
    assert bits[0] == bits[1] == 0x7FC0
    assert np.isinf(from_canonical(bits[2:])).all()


def half(data: Sequence[int], at: int) -> float:
    return float(np.frombuffer(bytes(data[at : at + 2]), "<f2")[0])


def signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def q4_0(b: bytes) -> list[float]:
    low, high = [x & 15 for x in b[2:]], [x >> 4 for x in b[2:]]
    return [half(b, 0) * (n - 8) for n in low + high]


def q5_1(b: bytes) -> list[float]:
    fifth = int.from_bytes(b[4:8], "little")
    four = [x & 15 for x in b[8:]] + [x >> 4 for x in b[8:]]
    return [half(b, 0) * (n | (fifth >> i & 1) << 4) + half(b, 2) for i, n in enumerate(four)]


def q8_0(b: bytes) -> list[float]:
    return [half(b, 0) * signed(x) for x in b[2:]]


def q2_k(b: bytes) -> list[float]:
    out = []
    for n in range(256):
        code = b[16 + n // 128 * 32 + n % 32] >> (2 * (n % 128 // 32)) & 3
        scale = b[n // 16]
        out.append(half(b, 80) * (scale & 15) * code - half(b, 82) * (scale >> 4))
    return out


def scale_min(b: bytes, n: int) -> tuple[int, int]:
    """get_scale_min_k4 of ggml-quants.c."""
    q = b[4:16]
    if n < 4:
        return q[n] & 63, q[n + 4] & 63
    return q[n + 4] & 15 | q[n - 4] >> 6 << 4, q[n + 4] >> 4 | q[n] >> 6 << 4


def q4_k(b: bytes) -> list[float]:
    out = []
    for n in range(256):
        code = b[16 + n // 64 * 32 + n % 32] >> (4 * (n % 64 // 32)) & 15
        scale, least = scale_min(b, n // 32)
        out.append(half(b, 0) * scale * code - half(b, 2) * least)
    return out


def q6_k(b: bytes) -> list[float]:
    out = []
    for n in range(256):
        part, within = n // 128, n % 128
        low = b[part * 64 + within % 64] >> (4 * (within // 64)) & 15
        high = b[128 + part * 32 + within % 32] >> (2 * (within // 32)) & 3
        out.append(half(b, 208) * signed(b[192 + n // 16]) * ((low | high << 4) - 32))
    return out


def iq4_xs(b: bytes) -> list[float]:
    out = []
    for n in range(256):
        part, within = n // 32, n % 32
        low = b[4 + part // 2] >> (4 * (part % 2)) & 15
        high = int.from_bytes(b[2:4], "little") >> (2 * part) & 3
        code = b[8 + part * 16 + within % 16] >> (4 * (within // 16)) & 15
        out.append(half(b, 0) * ((low | high << 4) - 32) * float(IQ4[code]))
    return out


def mxfp4(b: bytes) -> list[float]:
    codes = [x & 15 for x in b[1:]] + [x >> 4 for x in b[1:]]
    return [2.0 ** (b[0] - 127) * float(E2M1[n]) for n in codes]


SCALAR: dict[str, Callable[[bytes], list[float]]] = {
    "Q4_0": q4_0,
    "Q5_1": q5_1,
    "Q8_0": q8_0,
    "Q2_K": q2_k,
    "Q4_K": q4_k,
    "Q6_K": q6_k,
    "IQ4_XS": iq4_xs,
    "MXFP4": mxfp4,
}


@pytest.mark.parametrize(("name", "one"), SCALAR.items(), ids=SCALAR.keys())
def test_blocks_are_read_as_one_value_after_the_other(
    name: str, one: Callable[[bytes], list[float]]
) -> None:
    number, blocks_of = TYPES[name]
    values, width = BLOCKS[number]
    data = np.random.default_rng(number).integers(0, 120, (8, width), dtype=np.uint8)
    found = blocks_of(data)
    assert found.shape == (8, values)
    for block, line in zip(data, found, strict=True):
        np.testing.assert_allclose(line, one(block.tobytes()), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_its_number_and_bears_any_bytes(name: str) -> None:
    number, blocks_of = TYPES[name]
    assert NAMES[number] == name
    data = np.full((1, BLOCKS[number][1]), 255, np.uint8)
    with np.errstate(invalid="ignore", over="ignore"):
        assert blocks_of(data).shape == (1, BLOCKS[number][0])
