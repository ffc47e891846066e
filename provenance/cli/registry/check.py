"""`provenance registry check`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.adopting import then
from provenance.cli.options import here, in_form
from provenance.cli.outcome import FAIL, PASS
from provenance.cli.registry.editing import meant
from provenance.report.registry import remark_lines
from provenance.trust.lint import Weight
from provenance.workspace.own_registry import MEANT, next_of_checked, remarks


@click.command(name="check", epilog=MEANT)
@click.argument("file", type=click.Path(path_type=Path), required=False, callback=meant)
@in_form("json")
def command(file: Path, form: str) -> int:
    """Look through the registry in FILE; exit 1 if there is a problem.

    A problem lets in, or locks out, more than the words of the registry say; a hint is worth a
    look.
    """
    found = remarks(file)
    if form == "json":
        click.echo(json.dumps([asdict(remark) for remark in found], ensure_ascii=False, indent=2))
    else:
        terminal.show(remark_lines(found))
    if any(remark.weight is Weight.PROBLEM for remark in found):
        return FAIL
    if form != "json":
        then((next_of_checked(file, here().environment),))
    return PASS
