"""Archives and compressed files: recognised by magic; zips are looked into, never unpacked."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.formats import zstd
from provenance.model import Kind

MAX_DIRECTORY = 16 * 1024 * 1024
TAR_BLOCK = 512
LOCAL_HEADER = 30
ZSTANDARD = 93
"""The method by which a zip says that a member is packed so."""
END_OF_DIRECTORY = b"PK\x05\x06"
ZIP_STARTS = (b"PK\x03\x04", b"PK\x01\x02", END_OF_DIRECTORY, b"PK\x06\x06", b"PK\x07\x08")
ZIPS = frozenset({Kind.KERAS_ZIP, Kind.NPZ, Kind.TORCH_ZIP, Kind.ZIP})
REFUSALS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    EOFError,
    OSError,
    MemoryError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    KeyError,
    IndexError,
)
"""Everything zipfile has been seen to raise over hostile archives."""


def is_zip(head: bytes, tail: bytes, size: int) -> bool:
    """Whether a file is a zip, by its beginning or by the end of central directory in its tail.

    What follows the magic has to be plausible: weights hold any four bytes sooner or later.
    """
    if head.startswith(ZIP_STARTS):
        return True
    position = tail.rfind(END_OF_DIRECTORY)
    if position < 0 or len(tail) - position < 22:
        return False
    length, begin = struct.unpack_from("<II", tail, position + 12)
    end = size - len(tail) + position
    if begin == 0xFFFFFFFF or length == 0xFFFFFFFF:
        return tail.rfind(b"PK\x06\x07", 0, position) >= 0
    start = position - length
    return length + begin <= end and (start < 0 or tail[start : start + 2] == b"PK")


def is_tar(head: bytes) -> bool:
    """Whether bytes begin with a tar header: by `ustar`, or by the checksum of older forms."""
    if head[257:262] == b"ustar":
        return True
    if len(head) < TAR_BLOCK or not head[0]:
        return False
    stated = head[148:156].strip(b" \0")
    if not stated or stated.strip(b"01234567"):
        return False
    counted = sum(head[:148]) + 8 * ord(" ") + sum(head[156:TAR_BLOCK])
    return int(stated, 8) == counted


class Members:
    """A zip, whose directory is read once for all its members; Malformed with the slug `zip`."""

    def __init__(self, stream: BinaryIO) -> None:
        try:
            self._stream = stream
            self._opened = zipfile.ZipFile(Bounded(stream))
        except REFUSALS as error:
            raise Malformed(f"unreadable zip: {str(error)[:200]}", slug="zip") from None

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the central directory, in its order."""
        return tuple(entry.filename for entry in self._opened.infolist())

    @property
    def sizes(self) -> tuple[tuple[str, int], ...]:
        """Each file with the bytes that it states it unpacks to, in the directory's order."""
        entries = self._opened.infolist()
        return tuple((entry.filename, entry.file_size) for entry in entries if not entry.is_dir())

    def read(self, name: str, limit: int) -> bytes:
        """The first `limit` bytes, or fewer, that a member unpacks to; Malformed, slug `zip`."""
        try:
            with self._opened.open(name) as content:
                return content.read(limit)
        except REFUSALS as error:
            raise Malformed(f"{name[:80]!r} in the zip: {str(error)[:200]}", slug="zip") from None

    def whole(self, name: str, limit: int) -> bytes:
        """All that a member unpacks to, `limit` bytes or fewer; Malformed, slug `zip`.

        It is stored, deflated or packed by Zstandard (APPNOTE 6.3.10, 4.4.5), and no more than
        `limit` and some bytes are ever unpacked, whatever the directory states.
        """
        try:
            found = self._opened.getinfo(name)
        except KeyError:
            raise Malformed(f"no {name[:80]!r} in the zip", slug="zip") from None
        if found.compress_size > limit or found.file_size > limit:
            message = (
                f"{name[:80]!r} in the zip states {found.file_size:,} bytes, and no more than "
            )
            raise Malformed(f"{message}{limit:,} are read", slug="limit")
        data = _unpacked(self._packed(found), found, limit + 1)
        if len(data) != found.file_size or zlib.crc32(data) != found.CRC:
            message = f"{name[:80]!r} in the zip is other than the directory states"
            raise Malformed(message, slug="zip")
        return data

    def _packed(self, found: zipfile.ZipInfo) -> bytes:
        """A member as it lies there, behind its own header (APPNOTE 6.3.10, 4.3.7)."""
        self._stream.seek(found.header_offset)
        head = self._stream.read(LOCAL_HEADER)
        if len(head) < LOCAL_HEADER or not head.startswith(ZIP_STARTS[0]):
            raise Malformed(f"{found.filename[:80]!r} in the zip has no header", slug="zip")
        named, extra = struct.unpack("<HH", head[26:30])
        self._stream.seek(named + extra, io.SEEK_CUR)
        return self._stream.read(found.compress_size)


def _unpacked(packed: bytes, found: zipfile.ZipInfo, limit: int) -> bytes:
    """The first `limit` bytes of a member."""
    if found.compress_type == zipfile.ZIP_STORED:
        return packed
    if found.compress_type == zipfile.ZIP_DEFLATED:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit)
        except zlib.error as error:
            message = f"{found.filename[:80]!r} in the zip: {error}"
            raise Malformed(message, slug="zip") from None
    if found.compress_type == ZSTANDARD:
        return zstd.unpacked(packed, limit)
    message = f"{found.filename[:80]!r} in the zip is packed by method {found.compress_type}"
    raise Malformed(f"{message}, expected 0, 8 or {ZSTANDARD}", slug="zip")


def names(stream: BinaryIO) -> tuple[str, ...]:
    """The names in a zip's central directory, in its order. Raises Malformed, slug `zip`."""
    return Members(stream).names


def zip_kind(members: Iterable[str]) -> Kind:
    """What a zip with these members is."""
    files = [name for name in members if not name.endswith("/")]
    last = {name.rpartition("/")[2] for name in files}
    if "data.pkl" in last or "constants.pkl" in last:
        return Kind.TORCH_ZIP
    if "config.json" in files and "model.weights.h5" in files:
        return Kind.KERAS_ZIP
    if files and all(name.endswith(".npy") for name in files):
        return Kind.NPZ
    return Kind.ZIP


class Bounded(io.RawIOBase):
    """A stream that refuses to be read in larger pieces than a directory may have."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves, and reads nothing."""
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """The next bytes; ValueError for more at once than a directory may have."""
        if size > MAX_DIRECTORY:
            raise ValueError(f"a directory of {size} bytes, at most {MAX_DIRECTORY} are read")
        return self._stream.read(MAX_DIRECTORY if size < 0 else size)
