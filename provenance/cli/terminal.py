"""What a terminal needs: colour where it is wanted, and how far a long work has come."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections import deque
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

import click

from provenance.errors import ConfigError
from provenance.lineage import Graph
from provenance.lock import Change
from provenance.report.common import by_exception, printable
from provenance.report.graph import step, title
from provenance.report.human import BAD, DIM, DOUBT, GOOD, OUTCOMES, RESULTS, Line, Span
from provenance.source.files import write
from provenance.source.progress import Progress, Silent, Step, Unit
from provenance.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn, TaskID
    from rich.text import Text

COLOURS = {GOOD: "green", BAD: "red", DOUBT: "yellow"}
WORTH_SHOWING = {Unit.BYTES: 256 << 20, Unit.ITEMS: 25}


def width() -> int:
    """The columns of the terminal, or 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def emit(text: str, output: str | None) -> None:
    """Write a result to `output`, atomically, or to stdout; ConfigError where a link lies there."""
    if output is None or output == "-":
        # A terminal that cannot show a character shows its number, and the verdict all the same.
        click.echo(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        return
    place = Path(output)
    if place.is_symlink() and not _is_stream(place):
        message = "is a link, and links are not followed or replaced; expected a file of its own"
        raise ConfigError(message, path=output)
    try:
        if _is_stream(place):
            place.write_text(text + "\n", encoding="utf-8")
        else:
            write(place, text + "\n")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=output) from None


def show(lines: Iterable[Line], output: str | None) -> None:
    """Write lines to `output`, or to stdout in colour where that is wanted."""
    emit(styled(lines, colour=output is None and wants_colour()), output)


def _is_stream(place: Path) -> bool:
    """Whether it is a pipe or a device, as /dev/stdout and /dev/null are."""
    if place.parent == Path("/dev"):
        return True
    try:
        mode = place.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def styled(lines: Iterable[Line], *, colour: bool) -> str:
    """The lines as text, in colour or without."""
    return "\n".join("".join(_styled(span, colour) for span in line).rstrip() for line in lines)


def _styled(span: Span, colour: bool) -> str:
    if not colour or not span.tone:
        return span.text
    return click.style(span.text, fg=COLOURS.get(span.tone), dim=span.tone == DIM)


def tree(graph: Graph, *, colour: bool) -> str:
    """The graph as a tree; who stands there already is not drawn twice."""
    from rich.console import Console
    from rich.tree import Tree

    top = Tree(_rich(title(graph.by_key[graph.model])))
    drawn = {graph.model}
    waiting = deque((top, edge) for edge in graph.above.get(graph.model, ()))
    while waiting:
        branch, edge = waiting.popleft()
        label = _rich((*title(graph.by_key[edge.parent]), Span("\n"), *step(edge)))
        if edge.parent in drawn and graph.above.get(edge.parent):
            branch.add(label).add("… as above")
            continue
        drawn.add(edge.parent)
        below = branch.add(label)
        waiting.extend((below, further) for further in graph.above.get(edge.parent, ()))
    paper = StringIO()
    system: Literal["standard"] | None = "standard" if colour else None
    console = Console(file=paper, width=width(), force_terminal=colour, color_system=system)
    console.print(top)
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines())


def _rich(line: Line) -> Text:
    from rich.text import Text

    return Text.assemble(*((span.text, COLOURS.get(span.tone, span.tone)) for span in line))


def mark(verdict: Verdict) -> str:
    """The sign of a verdict, as in the report."""
    sign, _ = OUTCOMES[Outcome.EXCEPTED] if by_exception(verdict) else RESULTS[verdict.result]
    return sign


def described(change: Change) -> str:
    """A change of the lockfile on one line."""
    values = " → ".join(printable(text) for text in (change.old, change.new) if text)
    return f"{printable(change.name)}  {change.what}" + (f"  {values}" if values else "")


def wants_colour() -> bool:
    """Whether stdout is a terminal and nobody asked for no colour (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def progress(*, quiet: bool) -> Progress:
    """Bars and notes on stderr if that is a terminal, else notes alone; nothing if `quiet`."""
    if quiet:
        return Silent()
    return Shown() if sys.stderr.isatty() else Noted()


class Noted(Silent):
    """A line on stderr for who waits."""

    def note(self, words: str) -> None:
        """The words, as a line."""
        click.echo(f"note: {words}", err=True)


class Shown(Noted):
    """One bar a step, with rate and time left, for the steps that are worth one."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._running = 0
        self._lock = Lock()

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        """A bar if so much takes a while, else nothing."""
        if total < WORTH_SHOWING[unit]:
            return Silent()
        with self._lock:
            self._bars = self._bars or _bars()
            self._running += 1
            return Bar(self, self._bars, self._bars.add_task(what, total=total, unit=unit))

    def ended(self) -> None:
        """One step fewer; the bars go with the last."""
        with self._lock:
            self._running -= 1
            if not self._running and self._bars:
                self._bars.stop()
                self._bars = None


class Bar:
    """The bar of one step."""

    def __init__(self, shown: Shown, bars: Bars, task: TaskID) -> None:
        self._shown, self._bars, self._task = shown, bars, task

    def advance(self, count: int) -> None:
        """Move the bar."""
        self._bars.advance(self._task, count)

    def end(self) -> None:
        """Take the bar away."""
        self._bars.remove_task(self._task)
        self._shown.ended()


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), _amounts(), TimeRemainingColumn())
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    bars.start()
    return bars


def _amounts() -> ProgressColumn:
    """How much of how much and how fast: of bytes as bytes, of items as a count."""
    from rich.progress import DownloadColumn, MofNCompleteColumn, ProgressColumn, Task
    from rich.progress import TransferSpeedColumn as Speed
    from rich.text import Text

    class Amounts(ProgressColumn):
        def render(self, task: Task) -> Text:
            if task.fields["unit"] == Unit.ITEMS:
                return MofNCompleteColumn().render(task)
            return Text("  ").join([DownloadColumn().render(task), Speed().render(task)])

    return Amounts()
