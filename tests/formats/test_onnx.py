"""ONNX: which files a model would load."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.formats import onnx


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(location: bytes) -> bytes:
    entry = field(1, b"location") + field(2, location)
    return field(1, 4) + field(9, b"raw") + field(13, entry) + field(14, 1)


def model(graph: bytes, *more: bytes) -> bytes:
    return field(1, 8) + field(2, b"maker") + field(7, graph) + b"".join(more)


T = tensor(b"weights.bin")
ATTRIBUTE = 5

WHERE = {
    "initializer": model(field(5, T)),
    "sparse values": model(field(15, field(1, T))),
    "sparse indices": model(field(15, field(2, T))),
    "attribute": model(field(1, field(ATTRIBUTE, field(5, T)))),
    "attributes": model(field(1, field(ATTRIBUTE, field(10, T)))),
    "sparse attribute": model(field(1, field(ATTRIBUTE, field(22, field(1, T))))),
    "nested graph": model(field(1, field(ATTRIBUTE, field(6, field(5, T))))),
    "nested graphs": model(field(1, field(ATTRIBUTE, field(11, field(5, T))))),
    "function": model(b"", field(25, field(7, field(ATTRIBUTE, field(5, T))))),
    "function default": model(b"", field(25, field(11, field(5, T)))),
    "training": model(b"", field(20, field(2, field(5, T)))),
    "second graph": model(b"") + field(7, field(5, T)),
}


@pytest.mark.parametrize("data", WHERE.values(), ids=WHERE.keys())
def test_locations_are_found_wherever_a_tensor_may_stand(data: bytes) -> None:
    assert onnx.is_onnx(data)
    assert onnx.external_files(data) == ("weights.bin",)


def test_the_last_value_counts_as_for_protobuf() -> None:
    entry = field(2, b"decoy") + field(1, b"other") + field(1, b"location") + field(2, b"real")
    assert onnx.external_files(model(field(5, field(13, entry)))) == ("real",)


def nested(depth: int) -> bytes:
    graph = field(5, T)
    for _ in range(depth):
        graph = field(1, field(ATTRIBUTE, field(6, graph)))
    return model(graph)


@pytest.mark.parametrize(
    ("slug", "data"),
    [
        ("onnx", model(b"\x0a\x7f")),
        ("onnx", b"\x08"),
        ("onnx", b"\x0b"),
        ("onnx", b"\x00\x00"),
        ("onnx", b"\xff" * 12),
        ("onnx", model(field(5, b"\x6a\x05ab"))),
        ("limit", nested(100)),
        ("limit", model(field(5, tensor(b"x" * 5_000)))),
    ],
)
def test_refused(slug: str, data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        onnx.external_files(data)
    assert caught.value.slug == slug


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08\x01",
        b"text",
        field(1, 0) + field(7, b""),
        field(7, b"a"),
        field(1, 1) + field(99, b""),
        field(1, 1) + field(2, b"meta graph of a saved model"),
    ],
)
def test_not_onnx(data: bytes) -> None:
    assert not onnx.is_onnx(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_nothing_but_malformed(rubbish: bytes, place: int, value: int) -> None:
    data = bytearray(nested(2) + rubbish)
    data[place % len(data)] = value
    onnx.is_onnx(bytes(data))
    try:
        found = onnx.external_files(bytes(data))
    except Malformed:
        return
    assert isinstance(found, tuple)


def test_a_real_model_keeps_everything_inside(corpus: Path) -> None:
    data = (corpus / "models/akiki/akiki-vad.onnx").read_bytes()
    assert onnx.is_onnx(data[:65_536])
    assert onnx.external_files(data) == ()
