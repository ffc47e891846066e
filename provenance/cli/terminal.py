"""What a terminal needs: what it shows, as far as it can, and how far long work has come."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from provenance.cli.watching import Noted, ProgressBars
from provenance.lineage import Graph
from provenance.registry.editing import Edit
from provenance.report.common import printable
from provenance.report.graph import branching, cells, facts, title
from provenance.report.history import Row
from provenance.report.human import BAD, DIM, DOUBT, GOOD, Line, Span
from provenance.report.paper import Paper
from provenance.source.files import deliver
from provenance.source.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

COLOURS = {GOOD: "green", BAD: "red", DOUBT: "yellow"}


def width() -> int:
    """The columns of the terminal, or 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def emit(text: str, output: str | None) -> None:
    """Write a result to `output`, atomically, or to stdout; ConfigError where a link lies there."""
    if output is None or output == "-":
        # A terminal that cannot show a character shows its number, and the verdict all the same.
        click.echo(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        return
    deliver(Path(output), text + "\n")


def show(lines: Iterable[Line], output: str | None = None, *, err: bool = False) -> None:
    """Write lines to `output`, or to stdout or stderr as far as that can show them."""
    if err:
        click.echo(styled(lines, paper(err=True)), err=True)
    else:
        emit(styled(lines, paper(output)), output)


def paper(output: str | None = None, *, err: bool = False) -> Paper:
    """What stdout can show, or stderr, or a file named `output`."""
    if output not in (None, "-"):
        return Paper()
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    return Paper.of(os.environ, terminal=stream.isatty(), encoding=encoding)


def say(text: str, *, err: bool = False) -> None:
    """A line on stdout or stderr, as far as that can show it."""
    click.echo(paper(err=err).fitting(text), err=err)


def difference(edit: Edit, *, err: bool = False) -> None:
    """What changed in a file, as diff(1) does."""
    for line in edit.lines:
        say(printable(line), err=err)


def styled(lines: Iterable[Line], paper: Paper) -> str:
    """The lines as text, as far as the paper can show them."""
    made = ("".join(_styled(span, paper) for span in line).rstrip() for line in lines)
    return "\n".join(made)


def _styled(span: Span, paper: Paper) -> str:
    text = paper.fitting(span.text)
    if paper.colour and span.tone:
        text = click.style(text, fg=COLOURS.get(span.tone), dim=span.tone == DIM)
    return paper.linked(text, span.link)


def tree(graph: Graph, paper: Paper, *, whole: bool = False) -> str:
    """The graph as a tree, if `whole` with what went into each; who stands there already is not
    drawn twice."""
    from rich.console import Console
    from rich.tree import Tree

    own = facts(graph, graph.model) if whole else ()
    branches = [Tree(_with(title(graph.by_key[graph.model]), own))]
    for one in branching(graph):
        branches.append(branches[one.below].add(_with(one.line, one.facts if whole else ())))
    drawing = StringIO()
    system: Literal["standard"] | None = "standard" if paper.colour else None
    console = Console(file=drawing, width=width(), force_terminal=paper.colour, color_system=system)
    console.print(branches[0])
    return "\n".join(paper.fitting(line.rstrip()) for line in drawing.getvalue().splitlines())


def _with(line: Line, rows: Sequence[Row]) -> RenderableType:
    """What stands at a branch, and below it a row for each fact."""
    from rich.console import Group
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*map(_rich, cells(row)))
    return Group(_rich(line), table) if rows else _rich(line)


def _rich(line: Line) -> Text:
    from rich.text import Text

    return Text.assemble(*((span.text, COLOURS.get(span.tone, span.tone)) for span in line))


def progress(*, quiet: bool) -> Progress:
    """Bars on stderr if that is a terminal, else a line now and then; nothing if `quiet`."""
    if quiet:
        return Silent()
    return ProgressBars() if sys.stderr.isatty() else Noted()


def asking() -> Callable[[str], str] | None:
    """How whoever sits at the terminal is asked for a secret, which is not shown; None where nobody
    sits there."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return partial(click.prompt, hide_input=True, err=True)
