"""`provenance closure`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import (
    EVIDENCE,
    OUTPUT,
    RULES,
    in_form,
    one,
    with_request,
    with_workspace,
)
from provenance.report.loading import loading_lines, loading_table
from provenance.workspace import Request, Workspace
from provenance.workspace.loading import loading_of


@click.command(name="closure")
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@with_request(*EVIDENCE, *RULES)
@in_form("json")
@OUTPUT
@with_workspace
def command(
    request: Request,
    signature: Path | None,
    form: str,
    workspace: Workspace,
    output: str | None,
    quiet: bool,
) -> None:
    """Show what loading a model opens, runs and fetches by name: from where, at which commit.

    Of what is fetched it says who vouches for it. Exit code 0: `verify` judges, and fails where
    something is not pinned or does not pass.
    """
    gathering = workspace.gathering(workspace.session(request), signature=signature)
    found = loading_of(gathering)
    if form == "json":
        terminal.emit(json.dumps(loading_table(found), indent=1), output)
    else:
        terminal.show(loading_lines(found, width=terminal.width()), output)
