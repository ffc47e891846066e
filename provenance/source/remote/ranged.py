"""A file that stays where it is: read by range, a little of it, as a stream that can be sought."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from provenance.source.remote.release import Ranges

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 65_536
KEPT = 8
"""Parts of one file that are held at one time: what is read forwards is read once."""


class Unranged(OSError):
    """The server does not answer by range, or not what was asked; its words say which."""


class Contradiction(OSError):
    """The server states another size than the listing."""


class Ranged(io.RawIOBase):
    """The bytes of a file by range as a stream; reading raises what asking for ranges does."""

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self._ranges, self._size = ranges, ranges.entry.size
        self._parts: list[tuple[int, bytes]] = []
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves without fetching anything."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """The next bytes, as many as the buffer holds or the file has."""
        view = memoryview(buffer).cast("B")
        count = min(len(view), self._size - self._at)
        if count <= 0:
            return 0
        view[:count] = self._bytes(self._at, self._at + count)
        self._at += count
        return count

    def _bytes(self, start: int, end: int) -> bytes:
        for begin, data in self._parts:
            if begin <= start and end <= begin + len(data):
                return data[start - begin : end - begin]
        wanted = min(max(end, start + BLOCK), self._size)
        known = self._known(start)
        data = known + self._ranges.fetch(start + len(known), wanted)
        self._parts = [*self._parts[1 - KEPT :], (start, data)]
        return data[: end - start]

    def _known(self, start: int) -> bytes:
        """What is here already of the bytes from `start` on."""
        found = [data[start - at :] for at, data in self._parts if at <= start < at + len(data)]
        return max(found, key=len, default=b"")


def stream(ranges: Ranges) -> BinaryIO:
    """The file as a stream that never reads ahead."""
    return io.BufferedReader(Ranged(ranges), 1)
