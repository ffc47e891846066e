"""The tensors of GGUF and ONNX files, and adapters: read from bytes written here."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from provenance.errors import Malformed
from provenance.formats import gguf, onnx_graph
from provenance.weights.matrix import matrices, rows, unreadable
from provenance.weights.stored import Opened, Stored, of_gguf, of_onnx
from provenance.weights.values import Floats
from tests.formats.test_gguf import made, pair, tensor, text
from tests.formats.test_onnx import field, model, varint
from tests.weights.held import Memory

RNG = np.random.default_rng(3)


def test_dimensions_of_a_gguf_are_turned_round() -> None:
    value = RNG.standard_normal((3, 32)).astype(np.float32)
    head = made((), (tensor(b"blk.0.ffn_up.weight", (32, 3), 0),))
    data = head + value.tobytes()
    stored = tuple(of_gguf("m.gguf", gguf.parse(data, len(data)), len(data)))
    assert [one.shape for one in stored] == [(3, 32)]
    np.testing.assert_array_equal(rows(matrices(stored)[0], Memory(data), 1, 3), value[1:])


def permuted(weights: Floats, heads: int) -> Floats:
    """As llama.cpp's convert_hf_to_gguf.py re-orders queries and keys."""
    high, wide = weights.shape
    return weights.reshape(heads, 2, high // heads // 2, wide).swapaxes(1, 2).reshape(high, wide)


HEADS = {
    "queries": (b"attn_q", b"llama", 8, 8),
    "keys": (b"attn_k", b"llama", 8, 2),
    "values": (b"attn_v", b"llama", 8, 1),
    "another architecture": (b"attn_q", b"qwen2", 8, 1),
    "no number of heads": (b"attn_q", b"llama", 7, 1),
}


@pytest.mark.parametrize(("name", "program", "heads", "order"), HEADS.values(), ids=HEADS.keys())
def test_rows_of_heads_are_put_back(name: bytes, program: bytes, heads: int, order: int) -> None:
    value = RNG.standard_normal((32, 32)).astype(np.float32)
    counts = {b"head_count": heads, b"head_count_kv": 2}
    head = made(
        (
            pair(b"general.architecture", 8, text(program)),
            *(
                pair(program + b".attention." + key, 4, struct.pack("<I", count))
                for key, count in counts.items()
            ),
        ),
        (tensor(b"blk.0." + name + b".weight", (32, 32), 0),),
    )
    data = head + (permuted(value, order) if order > 1 else value).tobytes()
    (matrix,) = matrices(of_gguf("m.gguf", gguf.parse(data, len(data)), len(data)))
    for begin, end in ((0, 32), (3, 4), (5, 21)):
        np.testing.assert_array_equal(rows(matrix, Memory(data), begin, end), value[begin:end])


def test_a_type_that_is_not_read_is_named() -> None:
    data = made((), (tensor(b"a", (256, 2), 0, 16),), 2 * 66)
    stored = tuple(of_gguf("m.gguf", gguf.parse(data, len(data)), len(data)))
    assert unreadable(stored) == (("a", "unreadable packing: IQ2_XXS"),)


def initialiser(name: bytes, kind: int, shape: tuple[int, ...], raw: bytes) -> bytes:
    dims = field(1, b"".join(varint(n) for n in shape))
    return field(5, dims + field(2, kind) + field(8, name) + field(9, raw))


def node(operator: bytes, name: bytes, inputs: tuple[bytes, ...], output: bytes) -> bytes:
    named_inputs = b"".join(field(1, one) for one in inputs)
    return field(1, named_inputs + field(2, output) + field(3, name) + field(4, operator))


def read(data: bytes) -> tuple[Stored, ...]:
    return tuple(
        of_onnx("m.onnx", onnx_graph.graph(Opened(Memory(data), "m.onnx", len(data)), len(data)))
    )


def test_a_product_names_the_weight_that_has_no_name() -> None:
    value = RNG.standard_normal((32, 48)).astype(np.float32)
    data = model(
        node(
            b"MatMul",
            b"/encoder/layer.0/intermediate/dense/MatMul",
            (b"x", b"onnx::MatMul_7"),
            b"y",
        )
        + initialiser(b"onnx::MatMul_7", 1, value.shape, value.tobytes())
    )
    (stored,) = read(data)
    assert (stored.name, stored.turned) == ("encoder.layer.0.intermediate.dense.weight", True)
    np.testing.assert_array_equal(rows(matrices([stored])[0], Memory(data), 0, 32), value)


@pytest.mark.parametrize("zero", [0, 5])
def test_dynamic_quantisation_is_undone(zero: int) -> None:
    whole = RNG.integers(-100, 100, (32, 48)).astype(np.int8)
    scales = RNG.integers(1, 9, 48).astype(np.float32)
    data = model(
        node(b"MatMulInteger", b"/h/MatMul_quant", (b"x", b"onnx::MatMul_7_quantized"), b"y")
        + initialiser(b"onnx::MatMul_7_quantized", 3, whole.shape, whole.tobytes())
        + initialiser(b"onnx::MatMul_7_scale", 1, (48,), scales.tobytes())
        + initialiser(b"onnx::MatMul_7_zero_point", 3, (48,), bytes([zero]) * 48)
    )
    (matrix,) = matrices(read(data))
    assert matrix.name == "h.weight"
    found = rows(matrix, Memory(data), 3, 9)
    np.testing.assert_array_equal(found, (whole[3:9].astype(np.float32) - zero) * scales)


@pytest.mark.parametrize("place", [b"../other", b"/etc/passwd", b"a/../../b"])
def test_data_outside_of_the_repository_are_left_out(place: bytes) -> None:
    external = field(13, field(1, b"location") + field(2, place))
    assert read(model(field(5, field(1, 4) + field(2, 1) + field(8, b"w") + external))) == ()


def test_data_beside_the_model_are_found() -> None:
    external = field(13, field(1, b"location") + field(2, b"w.bin"))
    external += field(13, field(1, b"offset") + field(2, b"64"))
    (one,) = read(model(field(5, field(1, 4) + field(2, 1) + field(8, b"w") + external)))
    assert (one.path, one.begin, one.end) == ("w.bin", 64, 80)


BROKEN = {
    "too little data": initialiser(b"w", 1, (4,), bytes(12)),
    "an absurd shape": initialiser(b"w", 1, (2**60, 2**60), bytes(16)),
    "an offset in words": field(
        5, field(1, 4) + field(2, 1) + field(13, field(1, b"offset") + field(2, b"-1"))
    ),
}


@pytest.mark.parametrize("graph", BROKEN.values(), ids=BROKEN.keys())
def test_what_does_not_fit_is_malformed(graph: bytes) -> None:
    data = model(graph)
    with pytest.raises(Malformed):
        onnx_graph.graph(io.BytesIO(data), len(data))
