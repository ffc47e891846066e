"""The header reader against the library: whatever we accept, it accepts."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import safetensors as library
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError

from provenance.errors import Malformed
from provenance.formats import safetensors as ours

Array = npt.NDArray[np.generic]
deserialize: Callable[[bytes], object] = library.deserialize


def framed(header: bytes | object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def accepted_by_us(data: bytes) -> bool:
    try:
        ours.parse(data, len(data))
    except Malformed:
        return False
    return True


def accepted_by_library(data: bytes) -> bool:
    try:
        deserialize(data)
    except SafetensorError:
        return False
    return True


def entry(dtype: object = "U8", shape: object = (1,), begin: object = 0, end: object = 1) -> object:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


U8 = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'

REFUSED = [
    ("header-too-small", b"1234567"),
    ("header-too-large", struct.pack("<Q", 100_000_001) + b"{}"),
    ("header-beyond-file", struct.pack("<Q", 50) + b"{}"),
    ("header-start", framed(b" {}")),
    ("header-start", framed(b"")),
    ("header-start", framed(b"[]")),
    ("header-start", framed(b"\xef\xbb\xbf{}")),
    ("header-json", framed(b"{")),
    ("header-json", framed(b'{"\xff":1}')),
    ("header-json", framed(b"{}\x00")),
    ("header-json", framed(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
    ("header-json", framed(b'{"\\ud800":%s}' % U8.encode(), b"x")),
    ("header-json", framed(b'{"a":%s,"a":%s}' % (U8.encode(), U8.encode()), b"x")),
    ("header-json", framed(b'{"a":{"dtype":"U8",%s}' % U8[1:].encode(), b"x")),
    ("header-json", framed(b'{"__metadata__":{"k":"1","k":"2"}}')),
    ("negative", framed(b'{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}')),
    ("metadata", framed({"__metadata__": {"k": 1}})),
    ("metadata", framed({"__metadata__": entry()}, b"x")),
    ("entry", framed({"a": []})),
    ("entry", framed({"a": {"dtype": "U8", "shape": [1]}}, b"x")),
    ("entry", framed({"a": {**json.loads(U8), "extra": 1}}, b"x")),
    ("dtype", framed({"a": entry(dtype="X9")}, b"x")),
    ("dtype", framed({"a": entry(dtype={"U8": None})}, b"x")),
    ("shape", framed({"a": entry(shape=[1.0])}, b"x")),
    ("shape", framed({"a": entry(shape=[True])}, b"x")),
    ("shape", framed({"a": entry(shape=[-1])}, b"x")),
    ("shape", framed({"a": entry(shape=[2**64])}, b"x")),
    ("shape", framed({"a": entry(shape="1")}, b"x")),
    ("offsets", framed({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1, 2]}}, b"x")),
    ("offsets", framed({"a": entry(begin=-1)}, b"x")),
    ("offsets", framed({"a": entry(begin=1, end=0)}, b"x")),
    ("tensor-size", framed({"a": entry(shape=[2])}, b"x")),
    ("tensor-size", framed({"a": entry(dtype="F4", shape=[3], end=2)}, b"xx")),
    ("tensor-size", framed({"a": entry(dtype="F6_E2M3", shape=[2], end=2)}, b"xx")),
    ("overflow", framed({"a": entry(shape=[2**62, 8, 0], end=0)})),
    ("overflow", framed({"a": entry(dtype="U64", shape=[2**61], end=0)})),
    ("hole", framed({"a": entry(begin=1, end=2)}, b"xx")),
    ("hole", framed({"a": entry(), "b": entry(begin=2, end=3)}, b"xxx")),
    ("overlap", framed({"a": entry(shape=[2], end=2), "b": entry(begin=1, end=2)}, b"xx")),
    ("overlap", framed({"a": entry(), "b": entry()}, b"x")),
    ("trailing-bytes", framed({"a": entry()}, b"xPK")),
    ("trailing-bytes", framed(b"{}", b"x")),
    ("truncated", framed({"a": entry(shape=[2], end=2)}, b"x")),
]


@pytest.mark.parametrize(("slug", "data"), REFUSED)
def test_refused(slug: str, data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        ours.parse(data, len(data))
    # A strict JSON reader may name the doubled key itself.
    assert caught.value.slug in {slug, "duplicate-key"}


ACCEPTED = [
    framed(b"{}"),
    framed(b"{} \n"),
    framed({"__metadata__": {}}),
    framed({"__metadata__": None}),
    framed({"a": entry(shape=[])}, b"x"),
    framed({"a": entry(shape=[0, 2**62, 8], end=0)}),
    framed({"a": entry(dtype="F4", shape=[2])}, b"x"),
    framed({"a": entry(dtype="F6_E2M3", shape=[4], end=3)}, b"xxx"),
    framed({"-0": entry(), "z": entry(shape=[0], begin=1)}, b"x"),
    framed({"": entry(shape=[1] * 1000)}, b"x"),
]


@pytest.mark.parametrize("data", ACCEPTED)
def test_accepted_by_both(data: bytes) -> None:
    assert accepted_by_us(data)
    assert accepted_by_library(data)


@pytest.mark.parametrize("dtype", sorted(ours.BITS))
def test_sizes_are_those_of_the_library(dtype: str) -> None:
    size = ours.BITS[dtype]
    assert accepted_by_library(framed({"a": entry(dtype=dtype, shape=[8], end=size)}, b"x" * size))


def test_no_dtype_of_the_library_is_missing() -> None:
    with pytest.raises(SafetensorError) as caught:
        deserialize(framed({"a": entry(dtype="?")}, b"x"))
    known = str(caught.value).partition("expected one of ")[2].partition(" at line")[0]
    assert {name.strip(" `") for name in known.split(",")} == set(ours.BITS)


def test_header_cut_is_no_lie_about_the_length() -> None:
    data = framed({"a": entry()}, b"x")
    with pytest.raises(Malformed) as caught:
        ours.parse(data[:20], len(data))
    assert caught.value.slug == "header-cut"


def test_what_is_read() -> None:
    tensors: dict[str, Array] = {"b": np.zeros((2, 3), np.float32), "a": np.ones(5, np.int8)}
    data = safetensors.numpy.save(tensors, metadata={"format": "pt"})
    header = ours.parse(data, len(data))
    assert header.metadata == (("format", "pt"),)
    assert [(tensor.name, tensor.dtype, tensor.shape) for tensor in header.tensors] == [
        ("b", "F32", (2, 3)),
        ("a", "I8", (5,)),
    ]
    assert (header.tensors[0].begin, header.tensors[1].end) == (0, 29)


def test_vectors_have_their_verdicts(corpus: Path) -> None:
    folder = corpus / "malicious/safetensors-vectors"
    rows = [line.split("\t") for line in (folder / "INDEX.tsv").read_text().splitlines()[1:]]
    present = [(folder / row[0], row[3]) for row in rows if (folder / row[0]).exists()]
    assert len(present) > 10
    for path, verdict in present:
        data = path.read_bytes()
        # Stricter than the library: a header begins with its brace.
        expected = verdict == "ok" and not path.name.startswith("whitespace_leading")
        assert accepted_by_us(data) is expected, path.name


def test_real_files_are_accepted(corpus: Path) -> None:
    paths = [*corpus.glob("zoo/*.safetensors"), *corpus.glob("models/**/*.safetensors")]
    assert len(paths) > 10
    for path in paths:
        with path.open("rb") as stream:
            head = stream.read(1 << 20)
        assert ours.parse(head, path.stat().st_size).tensors


numbers = st.one_of(
    st.integers(-2, 9), st.sampled_from([2**61, 2**62, 2**63, 2**64 - 1, 2**64, 10**40, 1.0, True])
)
junk = st.sampled_from([None, "", [], {}, 0, -1, 1.5, "U8", ["a"], {"a": 1}])
entries = st.one_of(
    st.fixed_dictionaries(
        {
            "dtype": st.sampled_from([*ours.BITS, "X", ""]),
            "shape": st.lists(numbers, max_size=3),
            "data_offsets": st.lists(numbers, min_size=1, max_size=3),
        },
        optional={"extra": junk},
    ),
    junk,
)
headers = st.dictionaries(
    st.sampled_from(["a", "b", "", "-0", "__metadata__", "\u0000", "é"]), entries, max_size=3
)


@st.composite
def nearly_valid(draw: st.DrawFn) -> bytes:
    """A header whose tensors follow each other, with at most one byte changed."""
    table: dict[str, object] = {}
    position = 0
    for name in draw(st.lists(st.text(max_size=3), unique=True, max_size=4)):
        dtype = draw(st.sampled_from(sorted(ours.BITS)))
        shape = draw(st.lists(st.integers(0, 4), max_size=3))
        size = int(np.prod([1, *shape])) * ours.BITS[dtype] // 8
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [position, position + size]}
        position += size
    data = bytearray(framed(table, b"x" * position))
    if draw(st.booleans()):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        nearly_valid(),
        st.builds(framed, headers, st.binary(max_size=12)),
        st.builds(framed, st.binary(max_size=40), st.binary(max_size=3)),
        st.binary(max_size=40),
    )
)
def test_ours_accepts_a_subset(data: bytes) -> None:
    if accepted_by_us(data):
        assert accepted_by_library(data)


dtypes = st.sampled_from([np.float16, np.float32, np.float64, np.int8, np.uint64, np.bool_])
arrays = st.builds(
    lambda shape, dtype: np.zeros(shape, dtype), st.lists(st.integers(0, 4), max_size=3), dtypes
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])).filter(lambda n: n != "__metadata__"),
        arrays,
    ),
    # With neither tensors nor entries here the library writes a header that is no JSON.
    st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=5), min_size=1),
)
def test_what_the_library_writes_is_accepted(
    tensors: dict[str, Array],
    metadata: dict[str, str] | None,
) -> None:
    data = safetensors.numpy.save(tensors, metadata=metadata)
    assert {tensor.name for tensor in ours.parse(data, len(data)).tensors} == set(tensors)


def test_every_truncation_is_refused() -> None:
    data = framed({"a": entry(dtype="F32", shape=[2], end=8)}, b"x" * 8)
    for size in range(len(data)):
        assert not accepted_by_us(data[:size])
