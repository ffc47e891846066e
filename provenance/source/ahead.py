"""Hashing that begins before anything else is loaded: threads read while the program is imported.

What was begun is taken over where it stands, file open and digest half made, so that each byte is
still read once and every question about the file is asked of the one that was opened. Imported by
itself this module loads next to nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from threading import Event, Lock, Thread
from typing import Protocol

CHUNK = 128 << 10
"""What is read at once: it stays in a core's own cache while it is hashed."""

LARGE = 1 << 20
NAME = "hashing ahead"
MOST_FILES = 64
MOST_NAMES = 1_000
MAX_WORKERS = 8
FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | os.O_CLOEXEC


class Digest(Protocol):
    """A SHA-256 under way."""

    def update(self, data: memoryview, /) -> object:
        """More bytes."""

    def hexdigest(self) -> str:
        """The digest of all bytes so far."""


class Begun:
    """A file that is open, what it was by then, and the digest of its first `count` bytes."""

    def __init__(self, place: str) -> None:
        """Opens it, following no link and waiting for nobody. Raises OSError."""
        self.stream = io.FileIO(os.open(place, FLAGS), "rb")
        self.before = os.fstat(self.stream.fileno())
        self.digest: Digest = hashlib.sha256()
        self.count = 0

    def again(self) -> None:
        """Nothing of it is hashed."""
        self.stream.seek(0)
        self.digest, self.count = hashlib.sha256(), 0

    def hash(self, stop: Event) -> Iterator[memoryview]:
        """Hashes on, piece by piece, until the file ends, or is longer than it was, or `stop`."""
        buffer = memoryview(bytearray(CHUNK))
        while self.count <= self.before.st_size and not stop.is_set():
            read = self.stream.readinto(buffer)
            if not read:
                return
            self.digest.update(buffer[:read])
            self.count += read
            yield buffer[:read]


class Ahead:
    """The large files of a few places, being hashed from now on until somebody asks for one."""

    def __init__(self, places: Iterable[str]) -> None:
        self._stop = Event()
        self._lock = Lock()
        self._begun: dict[str, Begun] = {}
        self._places = tuple(places)
        self._todo: Iterator[str] | None = None
        count = min(os.cpu_count() or 1, MAX_WORKERS)
        self._threads = [Thread(target=self._work, name=NAME, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def take(self, place: str) -> Begun | None:
        """The file at that place as far as it was begun, if it lies there as it was by then.

        Whoever asks goes on: from then on nothing else is begun.
        """
        self._halt()
        with self._lock:
            begun = self._begun.pop(place, None)
        if begun is None or _is_at(begun.before, place):
            return begun
        begun.stream.close()
        return None

    def close(self) -> None:
        """Nothing is hashed any more, and every file that nobody took is closed."""
        self._halt()
        while self._begun:
            self._begun.popitem()[1].stream.close()

    def _halt(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            place = self._next()
            if place is None:
                return
            try:
                begun = self._begun[place] = Begun(place)
                for _ in begun.hash(self._stop):
                    pass
            except OSError:
                # Whoever measures the file will meet the same, and say so.
                continue

    def _next(self) -> str | None:
        """The largest file that nobody has begun; the first to ask looks for them all."""
        with self._lock:
            if self._todo is None:
                found = sorted(_large(self._places), reverse=True)[:MOST_FILES]
                self._todo = iter([place for _, place in found])
            return next(self._todo, None)


def _large(places: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Size and place of each large file in or below the places, through no link."""
    waiting, met = [os.path.realpath(place) for place in places], 0
    for place in waiting:
        try:
            status = os.lstat(place)
            if stat.S_ISREG(status.st_mode) and status.st_size > LARGE:
                yield status.st_size, place
            names = os.listdir(place) if stat.S_ISDIR(status.st_mode) else []
        except OSError:
            continue
        met += len(names)
        if met > MOST_NAMES:
            return
        waiting.extend(os.path.join(place, name) for name in names)


def _is_at(status: os.stat_result, place: str) -> bool:
    """Whether the same file lies there, and nobody touched it since: the time of its change is the
    system's own, and stays so where a copy sets the time of the content back."""
    try:
        now = os.lstat(place)
    except OSError:
        return False
    same = (now.st_size, now.st_ctime_ns) == (status.st_size, status.st_ctime_ns)
    return same and os.path.samestat(status, now)


def plain(words: Sequence[str]) -> Iterator[str]:
    """The words that can be nothing but arguments: no options, nor what stands behind one.

    Which options take a value is not known yet, and a folder behind one may be a whole cache.
    """
    before = ""
    for word in words:
        if not word.startswith("-") and not before.startswith("-"):
            yield word
        before = word
