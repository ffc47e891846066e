"""`provenance pin`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import HUMAN, JSON, LOCKFILE, OUTPUT, QUIET, here, in_form, with_options
from provenance.cli.outcome import FAIL, INCOMPLETE, PASS
from provenance.references import State
from provenance.report.referenced import (
    Told,
    reference_annotations,
    reference_json,
    reference_lines,
)
from provenance.workspace.referencing import references_of

CODES = {State.LOCKED: PASS, State.UNKNOWN: INCOMPLETE}


@click.command(name="pin")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Pin in place what is certain, at the locked commits.")
@in_form(JSON, "github")
@with_options(*LOCKFILE, OUTPUT, QUIET)
def command(
    paths: tuple[Path, ...],
    fix: bool,
    form: str,
    lockfile: Path | None,
    output: str | None,
    quiet: bool,
) -> int:
    """Find what your own code loads from a Hub by name, and whether it is pinned as it is locked.

    Reads Python, YAML, shell scripts and Dockerfiles at and below PATHS, and runs none of them.
    """
    found = references_of(here(), paths, lock=lockfile, fix=fix)
    line = shlex.join(["provenance", "pin", "--fix", *map(str, paths)])
    told = Told(rows=found.rows, files=found.files, line=line)
    if form == HUMAN:
        lines = reference_lines(told, width=terminal.width(), quiet=quiet)
        terminal.show(lines, output)
    else:
        terminal.emit(reference_json(told) if form == JSON else reference_annotations(told), output)
    for reason in found.left:
        terminal.say(f"not edited: {reason}", err=True)
    return CODES.get(found.state, FAIL)
