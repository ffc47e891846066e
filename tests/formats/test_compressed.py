"""Compressed files and containers: each kind by its own beginning, and no text taken for one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import random
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.formats.compressed import is_compressed, may_be_compressed
from provenance.formats.content import read
from provenance.formats.sniff import HEAD, TAIL, sniff
from provenance.model import Kind

PAYLOAD = pickle.dumps({"weights": list(range(2_000))})
NEWC = b"070701" + b"0" * 104 + b"data.pkl\0\0"
LZMA = lzma.compress(PAYLOAD, format=lzma.FORMAT_ALONE)
ODC = b"070707" + b"0" * 70 + b"data.pkl\0"


def deflated(window: int, data: bytes = PAYLOAD) -> bytes:
    packer = zlib.compressobj(wbits=window)
    return packer.compress(data) + packer.flush()


def preset(data: bytes = PAYLOAD) -> bytes:
    packer = zlib.compressobj(zdict=b"weights")
    return packer.compress(data) + packer.flush()


CONTAINERS = {
    "gzip": gzip.compress(PAYLOAD, mtime=0),
    "bzip2": bz2.compress(PAYLOAD),
    "empty bzip2": bz2.compress(b""),
    "xz": lzma.compress(PAYLOAD),
    "lzma": lzma.compress(PAYLOAD, format=lzma.FORMAT_ALONE),
    "lzma of one byte": lzma.compress(b"x", format=lzma.FORMAT_ALONE),
    **{f"zlib with a window of 2^{bits}": deflated(bits) for bits in range(9, 16)},
    "zlib of a few bytes": zlib.compress(b"x"),
    "zstd": b"\x28\xb5\x2f\xfd\x00",
    "skippable frame": b"\x5a\x2a\x4d\x18\x04\x00\x00\x00",
    "lz4": b"\x04\x22\x4d\x18",
    "snappy": b"\xff\x06\x00\x00sNaPpY" + PAYLOAD,
    "7z": b"7z\xbc\xaf\x27\x1c",
    "rar": b"Rar!\x1a\x07\x00",
    "cab": b"MSCF\0\0\0\0" + PAYLOAD,
    "cpio": NEWC + PAYLOAD,
    "cpio of text alone": NEWC.replace(b"\0", b"0") + b"cos\nsystem\n(S'true'\ntR.",
    "cpio of old": ODC + PAYLOAD,
    "xar": b"xar!\x00\x1c\x00\x01" + PAYLOAD,
    "lzip": b"LZIP\x01\x0c",
    "lzop": b"\x89LZO\x00\r\n\x1a\n",
    "compress": b"\x1f\x9d\x90",
    "squashfs": b"hsqs" + bytes(92),
    "iso": bytes(32_769) + b"CD001" + bytes(100),
    "rpm": b"\xed\xab\xee\xdb\x03\x00",
}

DOUBTFUL = {
    "lzma with other properties": lzma.compress(
        PAYLOAD,
        format=lzma.FORMAT_ALONE,
        filters=[{"id": lzma.FILTER_LZMA1, "lc": 0, "lp": 2, "pb": 1, "dict_size": 1 << 16}],
    ),
    "lzma of a stated size": b"\x5d\0\0\x80\0" + struct.pack("<Q", 9_000) + LZMA[13:],
    "zlib with a dictionary": preset(),
    "zlib cut off": zlib.compress(PAYLOAD)[:-9],
    "binary cpio": b"\xc7\x71" + bytes(18) + b"\x09\x00" + bytes(4) + b"data.pkl\0\0",
    "binary cpio of text": b"\xc7\x71" + bytes(18) + b"\x09\x00" + bytes(4) + b"a" * 9_000,
    "arj": b"\x60\xea\x2a\x00" + bytes(60),
    "pack": b"\x1f\x1e" + bytes(60),
}
"""What numbers begin with too."""

NUMBERS = {
    "int32 that count": struct.pack("<8i", 100, 200, 768, 0, 2, 32_000, 0, 1),
    "int32 as a mask": struct.pack("<4i", 5, -1, -1, -1),
    "float32, mostly zero": struct.pack("<8f", 2.0, -1.0, 0, 0, 0, 0, 0, 0),
    "bytes of a quantised tensor": bytes.fromhex("78bb41b76c78a37f7573328d5d8b7f82") * 9,
    "bfloat16": bytes.fromhex("083cc53b483d05bda93cb8bc82bb9e3b") * 9,
    "float16": bytes.fromhex("48a8f9a4f9a70aa021a0d1196a96d022") * 9,
    "float32": bytes.fromhex("1f1eb43c50190cbbbbe6dcb81ffee1bb") * 9,
    "protobuf": bytes.fromhex("08b812107079746f72636884ed7aa1f4") * 9,
}
"""Honest beginnings that are LZMA, zlib with a dictionary or `pack` by chance."""

TEXTS = [
    b"",
    b"x",
    b"x\x01 is a text",
    b"x ist ein Z\xc3\xa4hler",
    b"xylophone",
    b"hb is a unit; \xc3\xa4",
    b"HK, HJ and H, are words",
    b"8: a line",
    b"(S'a'\n",
    b"XG is short",
    b"xar! is no word\n",
    b"MSCF stands for something\n",
    b"LZIP is a program\n",
    b"070701 is a number\n",
    b"sqsh, hsqs and qshs\n",
    b"BZh is short\n",
]


def kind_of(data: bytes) -> Kind:
    return sniff(data[:HEAD], data[-TAIL:], len(data))


@pytest.mark.parametrize("data", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_a_container_is_one(data: bytes) -> None:
    assert is_compressed(data)
    assert kind_of(data) is Kind.COMPRESSED


@pytest.mark.parametrize("data", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_what_numbers_begin_with_too_is_unknown_and_not_convicted(data: bytes) -> None:
    _, seen = read(io.BytesIO(data), "vocab.dat", len(data), limit=1 << 20)
    assert may_be_compressed(data)
    assert kind_of(data) is Kind.BINARY
    assert [observation.code for observation in seen] == ["unfamiliar"]


@pytest.mark.parametrize("data", NUMBERS.values(), ids=NUMBERS.keys())
def test_no_file_of_numbers_is_convicted(data: bytes) -> None:
    assert kind_of(data) is Kind.BINARY


@settings(max_examples=500)
@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=4, max_size=40))
def test_no_table_of_integers_is_convicted(numbers: list[int]) -> None:
    small = [number % 1_024 for number in numbers]
    assert not is_compressed(struct.pack(f"<{len(small)}i", *small))


@pytest.mark.parametrize("data", TEXTS)
def test_text_is_none(data: bytes) -> None:
    assert not is_compressed(data)
    assert kind_of(data) in {Kind.TEXT, Kind.EMPTY, Kind.BINARY}


def test_a_stream_that_goes_on_behind_the_head_is_one() -> None:
    data = zlib.compress(random.Random(1).randbytes(200_000))
    assert kind_of(data) is Kind.COMPRESSED


@settings(max_examples=300)
@given(st.text(alphabet="xXhH8( \nabcdr,KSC^}", max_size=400))
def test_letters_that_begin_as_zlib_does_are_no_container(text: str) -> None:
    assert kind_of(text.encode()) is not Kind.COMPRESSED


def test_no_real_text_is_one(corpus: Path) -> None:
    paths = [*corpus.glob("**/*.md"), *corpus.glob("**/*.json"), *corpus.glob("**/*.txt")]
    assert len(paths) > 100
    assert [path for path in paths if kind_of(path.read_bytes()) is Kind.COMPRESSED] == []
