"""What is said while something takes long, and that what is quick says nothing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr
from threading import Event

import pytest

from provenance.cli.watching import Noted, ProgressBars
from provenance.source.progress import About, Unit, during
from provenance.source.watching import Running, Watch, described, leading

NOW = 1000.0


def running(what: str, total: int = 0, done: int = 0, unit: Unit = Unit.BYTES) -> Running:
    return Running(what=what, total=total, unit=unit, watch=Watch(1, 1), begun=NOW - 10, done=done)


LINES = {
    "bytes": (
        running("acme/bot: downloading", 7 * 10**9, 1_200_000_000),
        "acme/bot: downloading, 1.2 of 7.0 GB, 120 MB/s",
    ),
    "items": (
        running("acme/bot: reading headers", 9, 3, Unit.ITEMS),
        "acme/bot: reading headers, 3 of 9",
    ),
    "nobody knows": (running("acme/bot: reading"), "acme/bot: reading, 10 s"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_step_is_one_line_with_the_models_name(name: str) -> None:
    task, line = LINES[name]
    assert described(task, NOW) == line


def test_the_step_that_holds_others_is_not_told_beside_them() -> None:
    outer, inner, other = running("a: reading"), running("a: hashing", 5), running("b: reading")
    assert leading([outer, inner, other]) == (inner, other)


class Seen(Watch):
    """Keeps what it is told, and says when."""

    def __init__(self) -> None:
        super().__init__(after=0.05, every=0.02)
        self.told: list[str] = []
        self.once, self.cleared = Event(), 0

    def tell(self, tasks: Sequence[Running], now: float) -> None:
        self.told += [task.what for task in tasks]
        if tasks:
            self.once.set()

    def clear(self) -> None:
        self.cleared += 1


def test_what_is_quick_is_not_told_and_what_lasts_is() -> None:
    quick = Seen()
    with during(quick, "acme/bot: reading"):
        pass
    assert (quick.once.wait(0.2), quick.cleared) == (False, 1)
    slow = Seen()
    with during(About(slow, "acme/bot"), "reading"):
        assert slow.once.wait(10)
    assert set(slow.told) == {"acme/bot: reading"}
    with during(slow, "acme/two: reading"):
        slow.once.clear()
        assert slow.once.wait(10)
    assert (slow.told[-1], slow.cleared) == ("acme/two: reading", 2)


class Log(io.StringIO):
    """A log that says when something was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = Event()

    def write(self, text: str) -> int:
        count = super().write(text)
        if "\n" in text:
            self.written.set()
        return count


def test_a_log_has_plain_lines() -> None:
    noted = Noted(after=0.01, every=0.01)
    with redirect_stderr(Log()) as log:
        step = noted.step("acme/bot\x1b[2J: downloading", 10**9)
        step.advance(10**8)
        assert log.written.wait(10)
        step.end()
    assert log.getvalue().startswith("acme/bot\\x1b[2J: downloading, 0.1 of 1.0 GB, ")
    assert "\x1b" not in log.getvalue()


def test_bars_come_and_go_whatever_a_model_is_called() -> None:
    class Drawn(ProgressBars):
        seen = Event()

        def tell(self, tasks: Sequence[Running], now: float) -> None:
            super().tell(tasks, now)
            self.seen.set()

    shown = Drawn(after=0.01, every=0.01)
    with redirect_stderr(Log()) as log:
        steps = [shown.step(f"acme/[{n}]: downloading", 10) for n in range(2)]
        for step in steps:
            step.advance(5)
        assert shown.seen.wait(30)
        for step in steps:
            step.end()
        after = log.getvalue()
    assert shown._bars is None
    assert log.getvalue() == after
