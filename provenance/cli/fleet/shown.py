"""What the commands of a fleet share: the store, what they print, and how they end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance.cli import terminal
from provenance.cli.options import JSON
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, INCOMPLETE, PASS, combined
from provenance.report.common import printable
from provenance.report.human import wrapped

if TYPE_CHECKING:
    from provenance.fleet.desk import Report
    from provenance.fleet.gathering import Gathered
    from provenance.fleet.querying import Answer

STORE = click.option(
    "--store",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder in which the evidence lies.",
)
UNREAD, IDLE = "unread", "idle"
CODES = {
    "pass": PASS,
    "fail": FAIL,
    "incomplete": INCOMPLETE,
    "not judged": CANNOT_JUDGE,
    UNREAD: CANNOT_JUDGE,
    IDLE: PASS,
}


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def code(counts: Mapping[str, int]) -> int:
    """The exit code of so many verdicts of each kind."""
    return combined(CODES[result] for result, count in counts.items() if count)


def words(lines: Iterable[str], last: str = "", quiet: bool = False, *, err: bool = False) -> None:
    """What does not pass, and what became of all, as wide as the terminal."""
    told = (*lines, *([] if quiet or not last else [last]))
    shown = [one for line in told for one in wrapped(line, "", terminal.width())]
    if shown:
        terminal.show(shown, err=err)


def missing_lines(found: Gathered) -> Iterable[str]:
    """A line for each model that could not be had."""
    return (printable(f"not gathered  {ref}: {reason}") for ref, reason in found.missing)


def verdict_lines(found: Report) -> Iterable[str]:
    """A line for each of the worst verdicts, and for each part that could not be read."""
    yield from (printable(f"not judged  {reason}") for reason in found.unread)
    yield from (printable(f"{result}  {ref}: {reason}") for ref, result, reason in found.worst)


def answer(found: Answer, form: str) -> int:
    """The rows: one a line under the names of their columns, apart by a tab, or on a terminal as
    wide as that is; answers with the exit code."""
    words((f"note: {printable(note)}" for note in found.notes), _gaps(found), err=True)
    if form == JSON:
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
    else:
        for row in (found.columns, *found.rows):
            cells = ["" if cell is None else printable(str(cell)) for cell in row]
            if sys.stdout.isatty():
                words(["  ".join(cells)])
            else:
                click.echo("\t".join(cells))
    return CANNOT_JUDGE if found.gaps else PASS


def _gaps(found: Answer) -> str:
    """What to type where verdicts are lacking, on a line of its own."""
    lacking = f"note: models that have no verdict in this run: {found.gaps}; this judges them:"
    return f"{lacking}\n{found.step}" if found.gaps else ""
