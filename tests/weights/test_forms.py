"""Packed weights: packed here by the rule that each tool documents, and read line by line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from provenance.weights.matrix import matrices, rows, unreadable
from provenance.weights.stored import Recording, Unreadable
from tests.weights.held import Array, Tensors, file_of, named

Numbers = npt.NDArray[np.int64]
OUT, IN, GROUP = 32, 64, 16
RNG = np.random.default_rng(7)
NORM = {"model.norm.weight": ("F32", np.ones(IN, np.float32))}
UP = "model.layers.0.mlp.up_proj"


def packed(numbers: Numbers, bits: int) -> Array:
    """Numbers of some bits one behind the other in words of 32, along the last axis."""
    lines = [sum(int(n) << (bits * at) for at, n in enumerate(line)) for line in numbers]
    width = numbers.shape[1] * bits // 8
    data = b"".join(line.to_bytes(width, "little") for line in lines)
    return np.frombuffer(data, "<i4").reshape(len(lines), -1)


def halves(shape: tuple[int, ...]) -> npt.NDArray[np.float16]:
    return (RNG.integers(1, 64, shape) / 256).astype(np.float16)


def gptq(bits: int) -> tuple[Tensors, Array]:
    whole = RNG.integers(0, 2**bits, (IN, OUT))
    zeros = RNG.integers(1, 2**bits, (IN // GROUP, OUT))
    scales, order = halves((IN // GROUP, OUT)), RNG.permutation(IN) // GROUP
    value = (whole - zeros[order]) * scales[order].astype(np.float32)
    tensors = {
        f"{UP}.qweight": packed(whole.T, bits).T.copy(),
        f"{UP}.qzeros": packed(zeros - 1, bits),
        f"{UP}.scales": scales,
        f"{UP}.g_idx": order.astype(np.int32),
    }
    return named(tensors), value


def symmetric_gptq_v2() -> tuple[Tensors, Array]:
    whole, scales = RNG.integers(0, 16, (IN, OUT)), halves((IN // GROUP, OUT))
    zeros = np.full((IN // GROUP, OUT), 8)
    value = (whole - 8) * np.repeat(scales.astype(np.float32), GROUP, axis=0)
    tensors = {
        f"{UP}.qweight": packed(whole.T, 4).T.copy(),
        f"{UP}.qzeros": packed(zeros, 4),
        f"{UP}.scales": scales,
    }
    return named(tensors), value


def awq() -> tuple[Tensors, Array]:
    whole = RNG.integers(0, 16, (IN, OUT))
    zeros, scales = RNG.integers(0, 16, (IN // GROUP, OUT)), halves((IN // GROUP, OUT))
    order = [0, 2, 4, 6, 1, 3, 5, 7]

    def mixed(numbers: Numbers) -> Array:
        parts = numbers.reshape(len(numbers), -1, 8)[:, :, order]
        return packed(parts.reshape(len(numbers), -1), 4)

    value = (whole - np.repeat(zeros, GROUP, axis=0)) * np.repeat(
        scales.astype(np.float32), GROUP, axis=0
    )
    tensors: dict[str, Array] = {
        f"{UP}.qweight": mixed(whole),
        f"{UP}.qzeros": mixed(zeros),
        f"{UP}.scales": scales,
    }
    return named(tensors), value


def compressed(zero: bool) -> tuple[Tensors, Array]:
    whole = RNG.integers(-8, 8, (OUT, IN))
    zeros = RNG.integers(-8, 8, (OUT, IN // GROUP)) * zero
    scales = halves((OUT, IN // GROUP))
    value = (whole - np.repeat(zeros, GROUP, axis=1)) * np.repeat(
        scales.astype(np.float32), GROUP, axis=1
    )
    tensors: dict[str, Array] = {
        f"{UP}.weight_packed": packed(whole + 8, 4),
        f"{UP}.weight_scale": scales,
        f"{UP}.weight_shape": np.array([OUT, IN], np.int32),
    }
    if zero:
        tensors[f"{UP}.weight_zero_point"] = packed((zeros + 8).T, 4).T.copy()
    return named(tensors) | NORM, value


def mlx(bits: int) -> tuple[Tensors, Array]:
    whole, scales = RNG.integers(0, 2**bits, (OUT, IN)), halves((OUT, IN // GROUP))
    biases = -halves((OUT, IN // GROUP))
    value = whole * np.repeat(scales.astype(np.float32), GROUP, axis=1)
    value = value + np.repeat(biases.astype(np.float32), GROUP, axis=1)
    tensors = named({f"{UP}.scales": scales, f"{UP}.biases": biases})
    return {f"{UP}.weight": ("U32", packed(whole, bits)), **tensors, **NORM}, value


def bitsandbytes(nested: bool) -> tuple[Tensors, Array]:
    codes, table = RNG.integers(0, 16, OUT * IN), np.linspace(-1, 1, 16).astype(np.float32)
    blocks = OUT * IN // 64
    sizes = halves((blocks,)).astype(np.float32)
    state = b'{"nested_blocksize": 256, "nested_offset": 0.25}'
    tensors: dict[str, Array] = {
        f"{UP}.weight": (codes[::2] << 4 | codes[1::2]).astype(np.uint8).reshape(-1, 1),
        f"{UP}.weight.absmax": sizes,
        f"{UP}.weight.quant_map": table,
        f"{UP}.weight.quant_state.bitsandbytes__nf4": np.frombuffer(state, np.uint8),
    }
    if nested:
        outer = np.linspace(0, 1, 256).astype(np.float32)
        inner = RNG.integers(0, 256, blocks).astype(np.uint8)
        sizes = outer[inner] * np.float32(0.5) + np.float32(0.25)
        tensors[f"{UP}.weight.absmax"] = inner
        tensors[f"{UP}.weight.nested_absmax"] = np.array([0.5], np.float32)
        tensors[f"{UP}.weight.nested_quant_map"] = outer
    value = (table[codes] * np.repeat(sizes, 64)).reshape(OUT, IN)
    return named(tensors) | NORM, value


def int8_rows() -> tuple[Tensors, Array]:
    whole = RNG.integers(-127, 128, (OUT, IN)).astype(np.int8)
    most = halves((OUT,)).astype(np.float32)
    tensors: dict[str, Array] = {f"{UP}.weight": whole, f"{UP}.SCB": most}
    return named(tensors), whole * (most / np.float32(127))[:, None]


def scaled(shape: tuple[int, ...], tail: str) -> tuple[Tensors, Array]:
    """Bytes 0x38 to 0x47 of F8_E4M3 are 1 to 3.75."""
    whole = RNG.integers(0x38, 0x40, (OUT, IN)).astype(np.uint8)
    plain = 1 + (whole - 0x38) / np.float32(8)
    scales = halves(shape).astype(np.float32)
    grid = scales.reshape(shape if len(shape) == 2 else (-1, 1))
    high, wide = OUT // grid.shape[0], IN // grid.shape[1]
    spread = np.repeat(np.repeat(grid, high, axis=0), wide, axis=1)
    tensors: Tensors = {f"{UP}.weight": ("F8_E4M3", whole), f"{UP}.{tail}": ("F32", scales)}
    return tensors, plain * spread


def mxfp4() -> tuple[Tensors, Array]:
    values = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
    codes, exponents = RNG.integers(0, 16, (2, OUT, IN)), RNG.integers(120, 130, (2, OUT, 2))
    plain = values[codes & 7] * np.where(codes & 8, -1, 1)
    value = plain * np.repeat(2.0 ** (exponents - 127), 32, axis=2)
    name = "model.layers.0.mlp.experts.down_proj"
    blocks = (codes[..., ::2] | codes[..., 1::2] << 4).astype(np.uint8).reshape(2, OUT, 2, 16)
    tensors = {f"{name}_blocks": blocks, f"{name}_scales": exponents.astype(np.uint8)}
    return named(tensors), value[1].astype(np.float32)


CASES: dict[str, Callable[[], tuple[Tensors, Array]]] = {
    "GPTQ of 4 bits": lambda: gptq(4),
    "GPTQ of 8 bits": lambda: gptq(8),
    "GPTQ of 3 bits": lambda: gptq(3),
    "GPTQ of 2 bits": lambda: gptq(2),
    "symmetric GPTQ, format 2": symmetric_gptq_v2,
    "AWQ": awq,
    "compressed-tensors": lambda: compressed(False),
    "compressed-tensors with zeros": lambda: compressed(True),
    "MLX of 4 bits": lambda: mlx(4),
    "MLX of 6 bits": lambda: mlx(6),
    "bitsandbytes": lambda: bitsandbytes(False),
    "bitsandbytes, nested": lambda: bitsandbytes(True),
    "bitsandbytes of 8 bits": int8_rows,
    "FP8 with one scale": lambda: scaled((1,), "weight_scale"),
    "FP8 with a scale for each line": lambda: scaled((OUT, 1), "weight_scale"),
    "FP8 with blocks": lambda: scaled((2, 4), "weight_scale_inv"),
    "MXFP4 of experts": mxfp4,
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_packed_weight_is_read_as_it_was_packed(
    case: Callable[[], tuple[Tensors, Array]],
) -> None:
    tensors, packed_value = case()
    value = packed_value.astype(np.float64)
    stored, reader = file_of(tensors)
    assert unreadable(stored) == ()
    matrix = matrices(stored)[-1]
    assert (matrix.rows, matrix.columns) == value.shape
    whole = rows(matrix, reader, 0, matrix.rows).astype(np.float64)
    np.testing.assert_allclose(whole, value, rtol=1e-6)
    for begin, end in ((0, 1), (3, 8), (17, matrix.rows), (5, 5)):
        part = rows(matrix, reader, begin, end)
        assert part.dtype == np.float32
        np.testing.assert_allclose(part.astype(np.float64), value[begin:end], rtol=1e-6)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_will_be_read_is_known_without_bytes(
    case: Callable[[], tuple[Tensors, Array]],
) -> None:
    stored, _ = file_of(case()[0])
    recording = Recording()
    assert rows(matrices(stored)[-1], recording, 2, 4).shape[0] == 2
    ends = [one.end for one in stored]
    assert all(0 <= begin <= end <= max(ends) for _, begin, end in recording.spans)


UNREADABLE = {
    "AQLM": (f"{UP}.codes", f"{UP}.codebooks"),
    "HQQ": (f"{UP}.W_q", f"{UP}.scale"),
    "QuIP#": (f"{UP}.Qidxs",),
    "EXL2": (f"{UP}.q_weight",),
    "GPTQ or AWQ": (f"{UP}.qweight", f"{UP}.scales"),
    "compressed-tensors": (f"{UP}.weight_packed",),
    "MatMulNBits": (f"{UP}.weight_Q4",),
    "words of 32 bits": (f"{UP}.weight",),
}


@pytest.mark.parametrize(("packing", "names"), UNREADABLE.items(), ids=UNREADABLE.keys())
def test_what_is_not_documented_or_not_whole_is_named(packing: str, names: tuple[str, ...]) -> None:
    stored, _ = file_of({name: ("I32", np.zeros((8, 8), np.int32)) for name in names})
    assert f"unreadable packing: {packing}" in [why for _, why in unreadable(stored)]
    assert UP not in [m.name.removesuffix(".weight") for m in matrices(stored)]


def test_groups_that_do_not_divide_and_foreign_states_are_no_traceback() -> None:
    tensors, _ = bitsandbytes(True)
    state = f"{UP}.weight.quant_state.bitsandbytes__nf4"
    stored, reader = file_of({**tensors, state: ("U8", np.frombuffer(b"[no json", np.uint8))})
    with pytest.raises(Unreadable, match="quant_state"):
        rows(matrices(stored)[-1], reader, 0, 1)
    odd, _ = gptq(4)
    scales = f"{UP}.scales"
    stored, _ = file_of({**odd, scales: ("F16", np.ones((3, OUT), np.float16))})
    assert unreadable(stored) == ((f"{UP}.weight", "unreadable packing: GPTQ or AWQ"),)


def test_a_group_that_has_no_scale_is_unreadable() -> None:
    tensors, _ = gptq(4)
    order = np.full(IN, 99, np.int32)
    stored, reader = file_of({**tensors, f"{UP}.g_idx": ("I32", order)})
    with pytest.raises(Unreadable, match="beyond the 4"):
        rows(matrices(stored)[0], reader, 0, 1)
