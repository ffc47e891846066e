"""A file read forwards, a little at a time: skipping costs nothing, and nothing is read twice."""

from __future__ import annotations

from typing import BinaryIO

from provenance.errors import Malformed

CHUNK = 65_536


class Window:
    """The `size` bytes of a seekable stream, as a position that moves forwards.

    Every method raises Malformed with the slug `cut` when it would pass the end.
    """

    def __init__(self, stream: BinaryIO, size: int, *, start: int = 0) -> None:
        self._stream = stream
        self._size = size
        self._begin = 0
        self._chunk = b""
        self.position = start

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self._size - self.position

    def skip(self, count: int) -> None:
        """Moves `count` bytes on without reading them."""
        if not 0 <= count <= self.left:
            raise self._cut(count)
        self.position += count

    def byte(self) -> int:
        """The next byte."""
        offset = self.position - self._begin
        if 0 <= offset < len(self._chunk) and self.position < self._size:
            self.position += 1
            return self._chunk[offset]
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if not 0 <= count <= self.left:
            raise self._cut(count)
        offset = self.position - self._begin
        if not 0 <= offset <= len(self._chunk) - count:
            self._load(max(count, CHUNK))
            offset = 0
        data = self._chunk[offset : offset + count]
        if len(data) < count:
            raise self._cut(count)
        self.position += count
        return data

    def line(self, most: int = CHUNK) -> bytes:
        """The bytes before the next line feed, which is passed too; `most` bytes at most."""
        offset = self.position - self._begin
        if offset < 0 or self._chunk.find(b"\n", offset) < 0:
            self._load(most)
            offset = 0
        end = self._chunk.find(b"\n", offset)
        if end < 0 or self._begin + end >= self._size:
            raise self._cut(most)
        self.position = self._begin + end + 1
        return self._chunk[offset:end]

    def _load(self, count: int) -> None:
        self._stream.seek(self.position)
        self._begin = self.position
        parts = []
        while count > 0 and (part := self._stream.read(count)):
            parts.append(part)
            count -= len(part)
        self._chunk = b"".join(parts)

    def _cut(self, count: int) -> Malformed:
        return Malformed(f"{count} bytes wanted at {self.position}, {self.left} left", slug="cut")
