"""A file that stays where it is: read by range, a little of it, as a stream that can be sought."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from provenance.source.hub.client import FILE_TIMEOUT, Answer, Beyond, Hub, Question, RequestBudget
from provenance.source.hub.listing import Listed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 65_536
KEPT = 8
"""Parts of one file that are held at one time: what is read forwards is read once."""
SPAN = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)")


class Unranged(OSError):
    """The server does not answer by range, or not what was asked; its words say which."""


class Contradiction(OSError):
    """The server states another size than the listing."""


class Ranges:
    """One file of a repository, of which at most `most` bytes are ever fetched; safe for threads.

    Asking raises OSError where a range cannot be had (Contradiction, Unranged, or too many bytes)
    and SourceError where the Hub does not answer.
    """

    def __init__(
        self, hub: Hub, repo: str, commit: str, entry: Listed, account: RequestBudget, most: int
    ) -> None:
        self.entry = entry
        self._hub, self._account = hub, account
        url = hub.file(repo, commit, entry.path)
        self._question = Question(url=url, repo=repo, most=0, timeout=FILE_TIMEOUT)
        self._left = most
        self._lock = Lock()

    def fetch(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`; where an answer ends early, the rest is asked for."""
        with self._lock:
            self._left -= end - start
            if self._left < 0:
                raise OSError(f"more of {self.entry.path!r} than may be read of one file")
        data = b""
        while len(data) < end - start:
            part = self._part(start + len(data), end)
            if not part:
                raise Unranged(f"{self.entry.path!r}: the server sent nothing of a range")
            data += part
        return data

    def _part(self, start: int, end: int) -> bytes:
        question = replace(self._question, span=(start, end), most=end - start)
        try:
            answer = self._hub.ask(question, self._account)
        except Beyond as error:
            raise OSError(str(error)) from None
        self._remember(answer)
        if answer.status == 200 and start == 0:
            return answer.body
        self._check(answer, start)
        return answer.body

    def _remember(self, answer: Answer) -> None:
        """Another host that was led to is asked directly the next time, and never with a token."""
        asked, led = urlsplit(self._question.url), urlsplit(answer.url)
        if (asked.scheme, asked.netloc) != (led.scheme, led.netloc):
            self._question = replace(self._question, url=answer.url, anonymous=True)

    def _check(self, answer: Answer, start: int) -> None:
        found = SPAN.fullmatch(answer.headers.get("content-range", ""))
        if answer.status != 206 or not found or int(found[1]) != start:
            raise Unranged(f"{self.entry.path!r}: the server does not answer by range")
        if int(found[3]) != self.entry.size:
            raise Contradiction(
                f"listed with {self.entry.size} bytes, and {found[3]} when it is read"
            )


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
