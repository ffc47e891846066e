"""How far long work has come: told by time, so that what is quick says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from provenance.cli.notice import notice
from provenance.report.common import printable
from provenance.source.progress import Unit
from provenance.source.watching import Running, Watch, summed

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn, TaskID

AFTER = 2.0
"""Seconds that a step may take before it is spoken of."""
EVERY = 10.0
"""Seconds between two lines where there is no terminal."""
SMOOTH = 0.2


class Noted(Watch):
    """A line on stderr every ten seconds, for a log."""

    def __init__(self, after: float = EVERY, every: float = EVERY) -> None:
        super().__init__(after, every)

    def tell(self, tasks: Sequence[Running], now: float) -> None:
        """The steps that began first, on one line."""
        if tasks:
            click.echo(printable(summed(tasks, now)), err=True)

    def note(self, words: str) -> None:
        """The words, as a line on stderr."""
        notice(f"note: {printable(words)}")


class ProgressBars(Noted):
    """A bar on a terminal for every step that takes more than two seconds."""

    def __init__(self, after: float = AFTER, every: float = SMOOTH) -> None:
        super().__init__(after, every)
        self._bars: Bars | None = None
        self._drawn: dict[int, tuple[Running, TaskID]] = {}

    def tell(self, tasks: Sequence[Running], now: float) -> None:
        """The bars as they are now."""
        if tasks and self._bars is None:
            self._bars = _bars()
        if self._bars is None:
            return
        wanted = {id(task): task for task in tasks}
        for key in self._drawn.keys() - wanted.keys():
            self._bars.remove_task(self._drawn.pop(key)[1])
        for key, task in wanted.items():
            if key not in self._drawn:
                words, total = printable(task.what), task.total or None
                self._drawn[key] = (task, self._bars.add_task(words, total=total, unit=task.unit))
            self._bars.update(self._drawn[key][1], completed=task.done)

    def clear(self) -> None:
        """No bar is left on the terminal."""
        if self._bars:
            self._bars.stop()
        self._bars = None
        self._drawn.clear()


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    words = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=words),
        BarColumn(bar_width=10),
        _amounts(),
        TimeRemainingColumn(compact=True),
    )
    bars = Progress(*columns, console=Console(stderr=True), transient=True, expand=True)
    bars.start()
    return bars


def _amounts() -> ProgressColumn:
    """How much of how much and how fast: of bytes as bytes, of items as a count."""
    from rich.progress import DownloadColumn, MofNCompleteColumn, ProgressColumn, Task
    from rich.progress import TransferSpeedColumn as Speed
    from rich.text import Text

    class Amounts(ProgressColumn):
        def render(self, task: Task) -> Text:
            if task.total is None:
                return Text("")
            if task.fields["unit"] == Unit.ITEMS:
                return MofNCompleteColumn().render(task)
            return Text("  ").join([DownloadColumn().render(task), Speed().render(task)])

    return Amounts()
