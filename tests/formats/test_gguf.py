"""GGUF headers: real ones, and every way in which one lies."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.formats import gguf

F32, STRING, ARRAY, U16, U32, BOOL = 0, 8, 9, 2, 4, 7


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: bytes, shape: tuple[int, ...], offset: int, kind: int = F32) -> bytes:
    form = f"<I{len(shape)}QIQ"
    return text(name) + struct.pack(form, len(shape), *shape, kind, offset)


def made(
    pairs: tuple[bytes, ...] = (),
    tensors: tuple[bytes, ...] = (),
    data: int = 0,
    *,
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    numbers = counts or (len(tensors), len(pairs))
    head = b"GGUF" + struct.pack("<IQQ", version, *numbers) + b"".join((*pairs, *tensors))
    return head + bytes(-len(head) % 32 + data)


ARCH = pair(b"general.architecture", STRING, text(b"llama"))
TWO = (tensor(b"a", (2, 4), 0), tensor(b"b", (8,), 32))


@pytest.mark.parametrize("version", [2, 3])
def test_what_is_read(version: int) -> None:
    numbers = pair(b"n", ARRAY, struct.pack("<IQ3I", U32, 3, 1, 2, 3))
    words = pair(b"w", ARRAY, struct.pack("<IQ", STRING, 2) + text(b"x") + text(b"\xff"))
    data = made((ARCH, numbers, words, pair(b"yes", BOOL, b"\x01")), TWO, 64, version=version)
    header = gguf.parse(data, len(data))
    assert header.version == version
    assert dict(header.metadata) == {
        "general.architecture": "llama",
        "n": (1, 2, 3),
        "w": ("x", "\udcff"),
        "yes": True,
    }
    assert [(one.name, one.shape, one.offset) for one in header.tensors] == [
        ("a", (2, 4), 0),
        ("b", (8,), 32),
    ]
    assert header.begin == len(data) - 64


@pytest.mark.parametrize(
    ("slug", "data"),
    [
        ("magic", b"GGUX" + bytes(20)),
        ("version", made(version=1)),
        ("version", made(version=0x03000000)),
        ("count", made(counts=(2**63, 0))),
        ("count", made(counts=(0, 2**63))),
        ("count", made((pair(b"k", STRING, struct.pack("<Q", 2**62)),))),
        ("count", made((pair(b"k", ARRAY, struct.pack("<IQ", U32, 2**60)),))),
        ("value-type", made((pair(b"k", 99, b""),))),
        ("value", made((pair(b"k", BOOL, b"\x02"),))),
        ("nesting", made((pair(b"k", ARRAY, struct.pack("<IQ", ARRAY, 1) * 50 + bytes(12)),))),
        ("duplicate-key", made((ARCH, ARCH))),
        ("duplicate-tensor", made((), (TWO[0], tensor(b"a", (8,), 32)), 64)),
        ("shape", made((), (tensor(b"a", (1,) * 5, 0),), 32)),
        ("shape", made((), (tensor(b"a", (33,), 0, kind=2),), 64)),
        ("overflow", made((), (tensor(b"a", (2**63, 4), 0),), 32)),
        ("alignment", made((), (tensor(b"a", (8,), 4),), 64)),
        ("alignment", made((pair(b"general.alignment", U32, struct.pack("<I", 0)),))),
        ("alignment", made((pair(b"general.alignment", U32, struct.pack("<I", 24)),))),
        ("alignment", made((pair(b"general.alignment", STRING, text(b"32")),))),
        ("overlap", made((), (tensor(b"a", (16,), 0), tensor(b"b", (8,), 32)), 64)),
        ("hole", made((), (tensor(b"a", (8,), 0), tensor(b"b", (8,), 64)), 96)),
        ("truncated", made((), TWO, 32)),
        ("trailing-bytes", made((), TWO, 96)),
        ("trailing-bytes", made((ARCH,), (), 32)),
    ],
)
def test_refused(slug: str, data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        gguf.parse(data, len(data))
    assert caught.value.slug == slug


def test_a_part_of_a_header_is_cut_and_no_lie() -> None:
    data = made((ARCH,), TWO, 64)
    for size in range(4, 120):
        with pytest.raises(Malformed) as caught:
            gguf.parse(data[:size], len(data))
        assert caught.value.slug == "header-cut"


def test_every_truncated_file_is_refused() -> None:
    data = made((ARCH,), TWO, 64)
    for size in range(len(data)):
        with pytest.raises(Malformed):
            gguf.parse(data[:size], size)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_but_malformed(data: st.DataObject) -> None:
    changed = bytearray(made((ARCH, pair(b"yes", BOOL, b"\x01")), TWO, 64))
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(4, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        header = gguf.parse(bytes(changed), len(changed))
    except Malformed:
        return
    assert len(header.tensors) <= 2


def test_real_files(corpus: Path) -> None:
    paths = sorted(corpus.glob("gguf/*.gguf"))
    assert paths
    for path in paths:
        data = path.read_bytes()
        metadata = dict(gguf.parse(data, len(data)).metadata)
        tokens = metadata["tokenizer.ggml.tokens"]
        assert isinstance(tokens, tuple)
        assert len(tokens) > 30_000
