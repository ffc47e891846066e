"""Several things at once, in a way that nothing ever waits for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from math import inf
from time import monotonic
from typing import TypeVar

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
    pool = ThreadPoolExecutor(min(at_once, len(todo)))
    wait = True
    try:
        futures = [pool.submit(function, item) for item in todo]
        return [awaited(future) for future in futures]
    except BaseException as error:
        wait = isinstance(error, Exception)
        raise
    finally:
        pool.shutdown(wait=wait, cancel_futures=True)
