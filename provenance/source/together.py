"""Several things at once, in a way that nothing ever waits for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from math import inf
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
AT_ONCE = 8
LOOK = 0.2
"""Seconds after which a wait looks whether somebody has interrupted it."""


def awaited(future: Future[T], seconds: float = inf) -> T:
    """What becomes of it; TimeoutError if nothing does in so many seconds.

    An interrupt ends the wait, one that came as it began too: whoever waits for a lock without
    looking up misses a signal that arrives between Python's last look for one and the wait.
    """
    end = monotonic() + seconds
    while not future.done() and (left := end - monotonic()) > 0:
        wait((future,), min(left, LOOK))
    return future.result(0)


def side_by_side(
    function: Callable[[T], R], items: Iterable[T], *, at_once: int = AT_ONCE
) -> list[R]:
    """`function` of each item, in their order, several at once; the first error ends it.

    Each call has threads of its own, so that it may be called again from within `function`: no
    thread waits for work that only itself, or one that waits for it, could do. Whoever interrupts
    it waits for none of them.
    """
    todo = list(items)
    if len(todo) < 2:
        return [function(item) for item in todo]
    work = _Work(function, todo)
    threads = min(at_once, len(todo))
    pool = ThreadPoolExecutor(threads)
    wait = True
    try:
        for future in [pool.submit(work.go_on) for _ in range(threads)]:
            awaited(future)
    except BaseException as error:
        wait = isinstance(error, Exception)
        raise
    finally:
        work.ended = True
        pool.shutdown(wait=wait, cancel_futures=True)
    return work.results()


class _Work(Generic[T, R]):
    """What is still to be done, in order, by as many threads as take part."""

    def __init__(self, function: Callable[[T], R], todo: Sequence[T]) -> None:
        self.ended = False
        self._function, self._todo, self._lock = function, todo, Lock()
        self._begun = 0
        self._found: dict[int, R] = {}
        self._errors: dict[int, Exception] = {}

    def go_on(self) -> None:
        """Item after item, until there are no more or one failed."""
        while (place := self._next()) is not None:
            try:
                self._found[place] = self._function(self._todo[place])
            except Exception as error:
                self._errors[place], self.ended = error, True

    def _next(self) -> int | None:
        with self._lock:
            if self.ended or self._begun == len(self._todo):
                return None
            self._begun += 1
            return self._begun - 1

    def results(self) -> list[R]:
        """What came of each, or the error of the first that failed."""
        if self._errors:
            raise self._errors[min(self._errors)]
        return [self._found[place] for place in range(len(self._todo))]
