"""What a terminal needs: colour where it is wanted, and how far a long work has come."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from provenance.errors import ConfigError
from provenance.report.human import BAD, DIM, DOUBT, GOOD, Line, Span
from provenance.source.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

COLOURS = {GOOD: "green", BAD: "red", DOUBT: "yellow"}
WORTH_SHOWING = 256 << 20


def width() -> int:
    """The columns of the terminal, or 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def emit(text: str, output: str | None) -> None:
    """Write a result to `output`, atomically, or to stdout."""
    if output is None or output == "-":
        # A terminal that cannot show a character shows its number, and the verdict all the same.
        click.echo(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        return
    try:
        with click.open_file(output, "w", encoding="utf-8", atomic=True) as stream:
            stream.write(text + "\n")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=output) from None


def styled(lines: Iterable[Line], *, colour: bool) -> str:
    """The lines as text, in colour or without."""
    return "\n".join("".join(_styled(span, colour) for span in line).rstrip() for line in lines)


def _styled(span: Span, colour: bool) -> str:
    if not colour or not span.tone:
        return span.text
    return click.style(span.text, fg=COLOURS.get(span.tone), dim=span.tone == DIM)


def wants_colour() -> bool:
    """Whether stdout is a terminal and nobody asked for no colour (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def progress(*, quiet: bool) -> Progress:
    """A bar on stderr if that is a terminal, else nothing."""
    return Silent() if quiet or not sys.stderr.isatty() else Shown()


class Shown:
    """A bar with rate and time left, once the work is worth one."""

    def __init__(self) -> None:
        self._bar: Bar | None = None

    def begin(self, size: int, files: int) -> None:
        """Show the bar if so many bytes take a while."""
        if size < WORTH_SHOWING:
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._bar = Progress("hashing", *columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("hashing", total=size)
        self._bar.start()

    def advance(self, size: int) -> None:
        """Move the bar."""
        if self._bar:
            self._bar.advance(self._task, size)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None
