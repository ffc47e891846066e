"""`provenance registry affected`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from provenance.cli import terminal
from provenance.cli.options import RULES, in_form, with_request, with_workspace
from provenance.cli.outcome import FAIL, PASS
from provenance.report.registry import hit_lines
from provenance.workspace import Request, Workspace, lockfile
from provenance.workspace.affecting import affected_in
from provenance.workspace.own_registry import MEANT


@click.command(name="affected", epilog=MEANT)
@click.option(
    "--lock",
    "patterns",
    multiple=True,
    default=(lockfile.FILE_NAME,),
    metavar="FILE|GLOB",
    help="The lockfiles to look through (./provenance.lock).",
)
@in_form("json")
@with_request(*RULES)
@with_workspace
def command(
    patterns: tuple[str, ...],
    form: str,
    request: Request,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """List the locked models that use what was revoked, themselves or by an ancestor.

    Exit 1 if there are any. Nothing is asked of a Hub: what a lockfile says is looked up.
    """
    made = affected_in(workspace, request, patterns)
    if form == "json":
        rows = [{"lockfile": str(file), **asdict(hit)} for file, hit in made.hits]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        terminal.show(hit_lines(made.hits, len(made.files), made.source))
    return FAIL if made.hits else PASS
