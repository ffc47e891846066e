"""What bytes are, by themselves."""

from __future__ import annotations

import io
import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.formats import safetensors
from provenance.formats.sniff import HEAD, TAIL, lfs_pointer, sniff
from provenance.model import Kind
from tests.formats.test_archive import old_tar, zipped
from tests.formats.test_onnx import model

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 4096\n"
CALL = b"cos\nsystem\n(S'true'\ntR."


def framed(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def array(dtype: str) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.zeros(1, dtype))
    return stream.getvalue()


def polyglot() -> bytes:
    """Strict safetensors whose length field opens a string: a pickle that calls os.system."""
    data = b"0" + CALL
    table = {"a": {"dtype": "U8", "data_offsets": [0, len(data) - 1], "shape": [len(data) - 1]}}
    # 0x0156 begins with `V`, a line of text; a line feed in the header ends it before `]}}`.
    text = json.dumps({"__metadata__": {"pad": ""}, **table}).encode()
    text = text[: text.rindex(b"]}}")] + b"\n]}}"
    text = text.replace(b'"pad": ""', b'"pad": "' + b"x" * (0x156 - len(text)) + b'"')
    return framed(text, CALL[:0] + data[1:])


CASES = {
    "empty": (b"", Kind.EMPTY),
    "pointer": (POINTER, Kind.LFS_POINTER),
    "safetensors": (framed(b"{}"), Kind.SAFETENSORS),
    "safetensors of 640 bytes": (framed(b"{}" + b" " * 638), Kind.SAFETENSORS),
    "safetensors of 93 bytes": (framed(b"{}" + b" " * 91), Kind.SAFETENSORS),
    "safetensors that lie": (struct.pack("<Q", 2**30) + b"{}", Kind.SAFETENSORS),
    "safetensors and zip": (framed(b"{}", zipped("a")), Kind.ZIP),
    "safetensors and pickle": (polyglot(), Kind.PICKLE),
    "gguf": (b"GGUF\x03\x00\x00\x00" + bytes(16), Kind.GGUF),
    "npy": (array("f4"), Kind.NPY),
    "npy with objects": (array("O"), Kind.NPY_OBJECTS),
    "broken npy": (b"\x93NUMPY\x01\x00\x02\x00{}", Kind.BINARY),
    "onnx": (model(b""), Kind.ONNX),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(8), Kind.HDF5),
    "hdf5 behind a user block": (bytes(2048) + b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    "pickle": (pickle.dumps([1]), Kind.PICKLE),
    "old pickle": (CALL, Kind.PICKLE),
    "zip": (zipped("a"), Kind.ZIP),
    "script and zip": (b"#!/usr/bin/env python\n" + zipped("a"), Kind.ZIP),
    "tar": (old_tar(), Kind.TAR),
    "gzip": (b"\x1f\x8b\x08\x00", Kind.COMPRESSED),
    "elf": (b"\x7fELF\x02\x01\x01", Kind.EXECUTABLE),
    "pe": (b"MZ\x90\x00\x03\x00", Kind.EXECUTABLE),
    "text that begins as pe": (b"MZ is a pair of initials\n", Kind.TEXT),
    "script": (b"#!/bin/sh\necho\n", Kind.SCRIPT),
    "json": (b' \n{"a": 1}', Kind.JSON),
    "json list": (b"[1]", Kind.JSON),
    "deep json": (b"[" * 100_000, Kind.JSON),
    "text": ("Ein Bär\n".encode(), Kind.TEXT),
    "long text": ("ä".encode() * 100_001, Kind.TEXT),
    "text with a byte before": (b"x" + "ä".encode() * 100_000, Kind.TEXT),
    "text with binary at its end": (b"text " * 20_000 + b"\xff\x00", Kind.BINARY),
    "control characters": (b"a\x00b", Kind.BINARY),
    "not utf-8": (b"\xff\xfeabc", Kind.BINARY),
}


def kind_of(data: bytes) -> Kind:
    return sniff(data[:HEAD], data[-TAIL:], len(data))


@pytest.mark.parametrize(("data", "kind"), CASES.values(), ids=CASES.keys())
def test_kinds(data: bytes, kind: Kind) -> None:
    assert kind_of(data) is kind


def test_the_polyglot_is_one() -> None:
    data = polyglot()
    assert safetensors.parse(data, len(data)).tensors


def test_pointers() -> None:
    assert lfs_pointer(POINTER) == ("ab" * 32, 4096)
    assert lfs_pointer(POINTER.replace(b"4096", b"x")) is None
    assert lfs_pointer(POINTER + b"x" * 2_000) is None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_always_an_answer(data: bytes) -> None:
    assert kind_of(data) in Kind


def test_real_files(corpus: Path) -> None:
    for pattern, kind in (
        ("zoo/*.safetensors", Kind.SAFETENSORS),
        ("models/**/*.safetensors", Kind.SAFETENSORS),
        ("gguf/*.gguf", Kind.GGUF),
        ("models/**/*.onnx", Kind.ONNX),
        ("models/**/*.pt", Kind.ZIP),
        ("models/**/*.json", Kind.JSON),
        ("model_cards/*.md", Kind.TEXT),
        ("malicious/**/*.h5", Kind.HDF5),
    ):
        paths = sorted(corpus.glob(pattern))
        assert paths, pattern
        assert {kind_of(path.read_bytes()) for path in paths} == {kind}, pattern
