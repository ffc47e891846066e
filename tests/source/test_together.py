"""Waiting for threads, in a way that an interrupt is never lost."""

from __future__ import annotations

import _thread
import gc
import signal
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Barrier, Timer

import pytest

from provenance.source.together import awaited, side_by_side

LATE = 60.0


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What a script starts in the background ignores SIGINT. An interrupt that a collection runs
    into is lost, in any program."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()
    yield
    gc.enable()
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_that_wakes_no_lock_ends_the_wait() -> None:
    """`interrupt_main` does what a signal just before the wait does: it wakes nobody."""
    never: Future[str] = Future()
    interrupt, late = Timer(0.1, _thread.interrupt_main), Timer(LATE, never.set_result, ["late"])
    interrupt.start()
    late.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            awaited(never)
    finally:
        late.cancel()


def test_a_wait_has_an_end() -> None:
    with pytest.raises(TimeoutError):
        awaited(Future[str](), 0.01)


def test_an_error_is_that_of_the_work() -> None:
    failed: Future[str] = Future()
    failed.set_exception(KeyError("its own"))
    with pytest.raises(KeyError, match="its own"):
        awaited(failed, 0)


@pytest.mark.parametrize("count", [0, 1, 2, 500])
def test_results_are_in_the_order_of_the_work(count: int) -> None:
    assert side_by_side(str, range(count), at_once=8) == [str(n) for n in range(count)]


def test_the_first_error_ends_the_work() -> None:
    begun: list[int] = []

    def one(number: int) -> int:
        begun.append(number)
        if number in (3, 5):
            raise KeyError(number)
        return number

    with pytest.raises(KeyError, match="3"):
        side_by_side(one, range(10_000), at_once=4)
    assert len(begun) < 10_000


def test_several_are_under_way_at_once() -> None:
    met = Barrier(4, timeout=LATE)
    assert sorted(side_by_side(lambda _: met.wait(), range(4), at_once=4)) == [0, 1, 2, 3]
