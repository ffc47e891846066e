"""Progress as one function that is called, for whoever has no bars to draw."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from provenance.source.progress import Step, Unit

Told = Callable[[str, int, int], object]
"""Given what is done, how much of it is done, and how much there is, in bytes or items; 0 where
nobody knows how much there is."""


class ProgressCallback:
    """A Progress that calls `tell(what, done, total)` for every advance, one call at a time.

    `done` and `total` count bytes or items from 0; a sentence without a measure comes with 0 of 0.
    `tell` must not raise: what it is told of goes on in other threads.
    """

    def __init__(self, tell: Told) -> None:
        self._tell = tell
        self._lock = Lock()

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        """A step whose advances are told; its beginning is too, as 0 of `total`."""
        return _Counted(self, what, total)

    def note(self, words: str) -> None:
        """The sentence, told as 0 of 0."""
        self.told(words, 0, 0)

    def told(self, what: str, done: int, total: int) -> None:
        """One call, while no other is made."""
        with self._lock:
            self._tell(what, done, total)


class _Counted:
    """One step, and how much of it is done; told of from several threads at once."""

    def __init__(self, progress: ProgressCallback, what: str, total: int) -> None:
        self._progress, self._what, self._total = progress, what, total
        self._done = 0
        self._lock = Lock()
        progress.told(what, 0, total)

    def advance(self, count: int) -> None:
        """`count` more bytes or items are done."""
        with self._lock:
            self._done += count
            self._progress.told(self._what, self._done, self._total)

    def end(self) -> None:
        """Nothing: what is done was told."""
