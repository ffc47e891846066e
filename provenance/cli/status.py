"""`provenance status`."""

from __future__ import annotations

import json

import click

from provenance.cli import terminal
from provenance.cli.options import LOCKFILE, OUTPUT, RULES, in_form, with_request, with_workspace
from provenance.report.status import status_lines, status_table
from provenance.workspace import Request, Workspace
from provenance.workspace.status import status_of


@click.command(name="status")
@in_form("json")
@with_request(*RULES, *LOCKFILE)
@OUTPUT
@with_workspace
def command(
    request: Request, form: str, workspace: Workspace, output: str | None, quiet: bool
) -> None:
    """Show what applies here and why, what is locked, and what moved, expires or does nothing.

    Which policy, registries, lockfile, Hub, token and cache; which branches have moved on since
    they were locked; what expires within 30 days. Nothing is judged, and nothing is written.
    """
    status = status_of(workspace, request)
    if form == "json":
        terminal.emit(json.dumps(status_table(status), indent=2), output)
    else:
        terminal.show(status_lines(status, width=terminal.width()), output)
