"""What the commands of a fleet share: the store, what they print, and how they end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance.cli.notice import notice
from provenance.cli.options import JSON
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, INCOMPLETE, PASS, combined
from provenance.report.common import printable

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
CODES = {"pass": PASS, "fail": FAIL, "incomplete": INCOMPLETE, "not judged": CANNOT_JUDGE}


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def code(counts: Mapping[str, int]) -> int:
    """The exit code of so many verdicts of each kind."""
    return combined(CODES[result] for result, count in counts.items() if count)


def words(lines: Iterable[str], last: str, quiet: bool) -> None:
    """What does not pass, and what became of all."""
    for line in (*lines, *([] if quiet else [last])):
        click.echo(printable(line))


def missing_lines(found: Gathered) -> Iterable[str]:
    """A line for each model that could not be had."""
    return (f"not gathered  {ref}: {reason}" for ref, reason in found.missing)


def verdict_lines(found: Report) -> Iterable[str]:
    """A line for each of the worst verdicts, and for each part that could not be read."""
    yield from (f"not judged  {reason}" for reason in found.unread)
    yield from (f"{result}  {ref}: {reason}" for ref, result, reason in found.worst)


def answer(found: Answer, form: str) -> None:
    """The rows: for people one a line, columns apart by a tab, under their names."""
    if found.note:
        notice(f"note: {printable(found.note)}")
    if form == JSON:
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    for row in (found.columns, *found.rows):
        click.echo("\t".join("" if cell is None else printable(str(cell)) for cell in row))
