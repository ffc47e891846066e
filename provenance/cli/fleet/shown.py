"""What the commands of a fleet share: the store, what they print, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance.cli import terminal
from provenance.cli.options import JSON
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, INCOMPLETE, PASS, combined
from provenance.fleet import wording
from provenance.report.human import wrapped

if TYPE_CHECKING:
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


def code(counts: Mapping[str, int]) -> int:
    """The exit code of so many verdicts of each kind."""
    return combined(CODES[result] for result, count in counts.items() if count)


def words(lines: Iterable[str], last: str = "", quiet: bool = False, *, err: bool = False) -> None:
    """What does not pass, and what became of all, as wide as the terminal."""
    told = (*lines, *([] if quiet or not last else [last]))
    shown = [one for line in told for one in wrapped(line, "", terminal.width())]
    if shown:
        terminal.show(shown, err=err)


def answer(found: Answer, form: str) -> int:
    """The rows: one a line under the names of their columns, apart by a tab, or on a terminal as
    wide as that is; answers with the exit code."""
    words(wording.notes(found), err=True)
    if form == JSON:
        click.echo(wording.document(found))
    elif sys.stdout.isatty():
        words("  ".join(row) for row in wording.table(found))
    else:
        click.echo("\n".join("\t".join(row) for row in wording.table(found)))
    return CANNOT_JUDGE if found.gaps else PASS
