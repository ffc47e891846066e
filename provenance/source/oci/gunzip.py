"""Gzip as it streams, bounded, with marks from which it can be read again later (RFC 1952)."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from provenance.errors import Malformed

GZIP = zlib.MAX_WBITS | 16
PIECE = 1 << 20
RATIO = 200
"""Bytes that one packed byte may become: weights hardly shrink, and what does so more is a bomb."""
FLOOR = 64 << 20
"""Bytes that a layer may become in any case."""
APART = 8 << 20
"""Packed bytes that lie between two marks at the least."""
MARKS = 256
"""Marks of one layer at the most; each holds 40 KB."""


class Inflating(Protocol):
    """What zlib gives no public name."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""

    @property
    def unused_data(self) -> bytes:
        """What follows it."""

    @property
    def unconsumed_tail(self) -> bytes:
        """What was not looked at yet."""

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """The next plain bytes."""

    def copy(self) -> Inflating:
        """The same state once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in a layer from which it can be read: packed and plain bytes before it."""

    packed: int
    plain: int
    state: Inflating


@dataclass(kw_only=True)
class Gunzip:
    """A layer of `size` packed bytes that is read in order; `marks` grow as it is."""

    size: int
    packed: int = 0
    plain: int = 0
    state: Inflating = field(default_factory=lambda: zlib.decompressobj(GZIP))
    marks: list[Mark] = field(default_factory=list)

    def again(self, plain: int) -> Gunzip:
        """A reader that begins at the last mark before so many plain bytes, or at the beginning."""
        place = bisect_right(self.marks, plain, key=lambda mark: mark.plain) - 1
        if place < 0:
            return Gunzip(size=self.size)
        mark = self.marks[place]
        return Gunzip(size=self.size, packed=mark.packed, plain=mark.plain, state=mark.state.copy())

    def read(self, chunks: Iterator[bytes], *, marking: bool = False) -> Iterator[bytes]:
        """The plain bytes; Malformed for what is no gzip, ends early, or is a bomb."""
        for chunk in chunks:
            yield from self._plain(chunk)
            self.packed += len(chunk)
            if marking:
                self._mark()
        if not self.state.eof:
            raise Malformed("gzip ends early: the layer was cut")

    def _plain(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.state.eof:
                self.state = zlib.decompressobj(GZIP)
            try:
                piece = self.state.decompress(data, PIECE)
            except zlib.error as error:
                raise Malformed(f"not gzip after {self.packed} bytes: {error}") from None
            self.plain += len(piece)
            if self.plain > max(FLOOR, RATIO * self.size):
                detail = f"{self.size} packed bytes become more than {self.plain}: a bomb"
                raise Malformed(detail, slug="limit")
            yield piece
            data = self.state.unused_data if self.state.eof else self.state.unconsumed_tail

    def _mark(self) -> None:
        last = self.marks[-1].packed if self.marks else 0
        if self.packed - last >= max(APART, self.size // MARKS) and not self.state.eof:
            mark = Mark(packed=self.packed, plain=self.plain, state=self.state.copy())
            self.marks.append(mark)
