"""Headers of .npy files: NumPy itself writes what has to be told apart."""

from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.formats import npy


def saved(dtype: npt.DTypeLike) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.zeros(2, dtype), allow_pickle=True)
    return stream.getvalue()


def framed(header: bytes, version: int = 1) -> bytes:
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return npy.MAGIC + bytes([version, 0]) + length + header


@pytest.mark.parametrize(
    "dtype",
    ["f4", "<i8", ">u2", "?", "c16", "S5", "U7", "V3", "M8[ns]", "m8", [("O", "f4"), ("b", "U3")]],
)
def test_plain(dtype: npt.DTypeLike) -> None:
    data = saved(dtype)
    header = npy.parse(data)
    assert not header.objects
    assert len(data) - header.begin == np.zeros(2, dtype).nbytes


@pytest.mark.parametrize(
    "dtype", ["O", [("a", "O")], [("a", [("b", "f4"), ("c", "O")])], [("a", "O", (2,))]]
)
def test_objects(dtype: npt.DTypeLike) -> None:
    assert npy.parse(saved(dtype)).objects


@pytest.mark.parametrize(
    "descr", ["'object'", "'|O8'", "'f4,O'", "{'names': ['a']}", "('O', (2,))"]
)
def test_whatever_is_not_plain_counts_as_objects(descr: str) -> None:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (2,)}}"
    assert npy.parse(framed(text.encode(), 2)).objects


@pytest.mark.parametrize(
    "data",
    [
        b"",
        npy.MAGIC,
        framed(b"{}"),
        framed(b"{}", 9),
        framed(b"\xff", 3),
        framed(b"'descr'"),
        framed(b"__import__('os')"),
        framed(b"(" * 60_000),
        framed(b"-" * 60_000 + b"1"),
        framed(b"1" + b"+1" * 30_000),
        framed(b"9" * 60_000),
        framed(b"\x00"),
        framed(b"x" * 70_000, 2),
        framed(b"{[]: 1}"),
        framed(b"{'descr': " + b"[('a', " * 40 + b"'O'" + b")]" * 40 + b", 'shape': 1}"),
        npy.MAGIC + b"\x01\x00\xff\xff{}",
    ],
)
def test_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        npy.parse(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([1, 2, 3]))
def test_nothing_but_malformed(header: bytes, version: int) -> None:
    with pytest.raises(Malformed):
        npy.parse(framed(header, version))
