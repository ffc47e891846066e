"""Archives: recognised from either end, and hostile ones read without harm."""

from __future__ import annotations

import contextlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.formats import archive
from provenance.model import Kind


def zipped(*names: str, content: bytes = b"content") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        for name in names:
            out.writestr(name, content)
    return stream.getvalue()


def tarred(form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as out:
        out.addfile(tarfile.TarInfo("x"), io.BytesIO())
    return stream.getvalue()


def old_tar() -> bytes:
    """A header of 1979: without magic, known only by its checksum."""
    block = bytearray(tarred(tarfile.USTAR_FORMAT)[:512])
    block[257:] = bytes(255)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    "data",
    [
        zipped("a"),
        zipped(),
        b"#!/bin/sh\n" * 40 + zipped("a"),
        zipped("a") + b"\n" * 200,
        b"x" * 100_000 + zipped("a", "b"),
    ],
)
def test_zips(data: bytes) -> None:
    assert zipfile.is_zipfile(io.BytesIO(data))
    assert archive.is_zip(data[:65_536], data[-65_558:], len(data))


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"PK\x05\x06", b"text about PK\x05\x06 in the middle of some prose", bytes(99)],
)
def test_no_zips(data: bytes) -> None:
    assert not archive.is_zip(data if data[:2] != b"PK" else data[:2], data, len(data))


@pytest.mark.parametrize(
    "data",
    [
        tarred(tarfile.USTAR_FORMAT),
        tarred(tarfile.GNU_FORMAT),
        tarred(tarfile.PAX_FORMAT),
        old_tar(),
    ],
)
def test_tars(data: bytes) -> None:
    assert archive.is_tar(data)


@pytest.mark.parametrize("data", [b"", bytes(512), b"0" * 512, b"text" * 200, old_tar()[:511]])
def test_no_tars(data: bytes) -> None:
    assert not archive.is_tar(data)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("archive/data.pkl", "archive/data/0"), Kind.TORCH_ZIP),
        (("data.pkl",), Kind.TORCH_ZIP),
        (("config.json", "metadata.json", "model.weights.h5"), Kind.KERAS_ZIP),
        (("a.npy", "b.npy"), Kind.NPZ),
        (("a.npy", "run.py"), Kind.ZIP),
        ((), Kind.ZIP),
        (("x/",), Kind.ZIP),
    ],
)
def test_kinds(names: tuple[str, ...], kind: Kind) -> None:
    assert archive.zip_kind(names) is kind


def test_members() -> None:
    stream = io.BytesIO(zipped("a", "b/c", content=b"z" * 1_000_000))
    assert archive.names(stream) == ("a", "b/c")
    assert archive.Members(stream).read("b/c", 10) == b"z" * 10


def test_a_directory_too_large_is_refused() -> None:
    end = b"PK\x05\x06" + bytes(8) + (2**31).to_bytes(4, "little") + bytes(6)
    size = 2**31

    class Endless(io.BytesIO):
        """2 GiB of nothing before the end of central directory, none of it in memory."""

        def seek(self, offset: int, whence: int = 0) -> int:
            self.place = offset if whence == 0 else size + len(end) + offset
            return self.place

        def tell(self) -> int:
            return self.place

        def read(self, count: int | None = -1) -> bytes:
            assert count is not None
            assert count <= archive.MAX_DIRECTORY
            return end[max(0, self.place - size) :]

    with pytest.raises(Malformed, match="directory of"):
        archive.names(Endless())


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=5), st.integers(0, 60)
)
def test_nothing_but_malformed(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(zipped("a", "archive/data.pkl"))
    for place, value in changes:
        data[place % len(data)] = value
    stream = io.BytesIO(bytes(data[: len(data) - cut]))
    with contextlib.suppress(Malformed):
        for name in archive.names(stream):
            assert len(archive.Members(stream).read(name, 100)) <= 100


def test_hostile_archives(corpus: Path) -> None:
    paths = [*corpus.glob("malicious/**/*.zip"), *corpus.glob("malicious/**/*.pt")]
    assert len(paths) > 5
    for path in paths:
        with path.open("rb") as stream, contextlib.suppress(Malformed):
            for name in archive.names(stream):
                assert len(archive.Members(stream).read(name, 1_000)) <= 1_000
