"""A file read forwards, a little at a time: skipping costs nothing, and nothing is read twice."""

from __future__ import annotations

from typing import Protocol

from provenance.errors import Malformed

CHUNK = 65_536
MAX_LINE = 64 * 1024 * 1024


class Bytes(Protocol):
    """A file, or what is read like one."""

    def seek(self, offset: int, /) -> int:
        """The next byte that is read is this one."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, fewer than `size` where there are not more at once."""


class Window:
    """The `size` bytes of a seekable stream, as a position that moves forwards.

    Every method raises Malformed with the slug `cut` when it would pass the end.
    """

    def __init__(self, stream: Bytes, size: int, *, start: int = 0) -> None:
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
        """The bytes before the next line feed, which is passed too; its first `most` are kept.

        Malformed with the slug `limit` for a line of more than `MAX_LINE` bytes.
        """
        kept = b""
        for _ in range(MAX_LINE // CHUNK + 1):
            part, found = self._to_line_feed()
            kept += part[: most - len(kept)]
            if found:
                self.position += 1
                return kept
        raise Malformed(f"a line of more than {MAX_LINE} bytes", slug="limit")

    def _to_line_feed(self) -> tuple[bytes, bool]:
        """What is here before the next line feed, passed, and whether the line feed is next."""
        if not self.left:
            raise self._cut(1)
        offset = self.position - self._begin
        if not 0 <= offset < len(self._chunk):
            self._load(CHUNK)
            offset = 0
        end = self._chunk.find(b"\n", offset, self._size - self._begin)
        part = self._chunk[offset : end if end >= 0 else self._size - self._begin]
        if end < 0 and not part:
            raise self._cut(1)
        self.position += len(part)
        return part, end >= 0

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
