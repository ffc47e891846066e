"""Compressed files and containers: each kind by its own beginning, and no text taken for one."""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.formats.compressed import is_compressed
from provenance.formats.sniff import HEAD, TAIL, sniff
from provenance.model import Kind

PAYLOAD = pickle.dumps({"weights": list(range(2_000))})
NEWC = b"070701" + b"0" * 104 + b"data.pkl\0\0"
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
    "lzma with other properties": lzma.compress(
        PAYLOAD,
        format=lzma.FORMAT_ALONE,
        filters=[{"id": lzma.FILTER_LZMA1, "lc": 0, "lp": 2, "pb": 1, "dict_size": 1 << 16}],
    ),
    **{f"zlib with a window of 2^{bits}": deflated(bits) for bits in range(9, 16)},
    "zlib of a few bytes": zlib.compress(b"x"),
    "zlib with a dictionary": preset(),
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
    "binary cpio": b"\xc7\x71" + bytes(18) + b"\x09\x00" + bytes(4) + b"data.pkl\0\0",
    "xar": b"xar!\x00\x1c\x00\x01" + PAYLOAD,
    "lzip": b"LZIP\x01\x0c",
    "lzop": b"\x89LZO\x00\r\n\x1a\n",
    "compress": b"\x1f\x9d\x90",
    "squashfs": b"hsqs" + bytes(92),
    "iso": bytes(32_769) + b"CD001" + bytes(100),
    "rpm": b"\xed\xab\xee\xdb\x03\x00",
}

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


@pytest.mark.parametrize("data", TEXTS)
def test_text_is_none(data: bytes) -> None:
    assert not is_compressed(data, text=True)
    assert kind_of(data) in {Kind.TEXT, Kind.EMPTY, Kind.BINARY}


def test_a_stream_that_goes_on_behind_the_head_is_one() -> None:
    data = zlib.compress(random.Random(1).randbytes(200_000))
    assert kind_of(data) is Kind.COMPRESSED


@settings(max_examples=300)
@given(st.text(alphabet="xXhH8( \nabcdr,KSC^}", max_size=400))
def test_letters_that_begin_as_zlib_does_are_text(text: str) -> None:
    assert kind_of(text.encode()) in {Kind.TEXT, Kind.EMPTY}


def test_no_real_text_is_one(corpus: Path) -> None:
    paths = [*corpus.glob("**/*.md"), *corpus.glob("**/*.json"), *corpus.glob("**/*.txt")]
    assert len(paths) > 100
    assert [path for path in paths if kind_of(path.read_bytes()) is Kind.COMPRESSED] == []
