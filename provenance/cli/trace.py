"""`provenance trace`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.options import OUTPUT, RULES, in_form, one, with_request, with_workspace
from provenance.workspace import Request, Workspace


@click.command(name="trace")
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@with_request(*RULES)
@in_form("json")
@OUTPUT
@with_workspace
def command(
    request: Request, form: str, workspace: Workspace, output: str | None, quiet: bool
) -> None:
    """Show whose weights REF has: those of a registered or locked model, whatever it is called.

    Fingerprints of the registries are compared, the nearest kin stands first. Of a model on a Hub
    a few MB are read. Nothing is judged, and the exit code is 0.
    """
    from provenance.report.traced import trace_json, trace_lines
    from provenance.workspace.tracing import traced

    found = traced(workspace.gathering(workspace.session(request)))
    if form == "json":
        terminal.emit(trace_json(found), output)
    else:
        terminal.show(trace_lines(found, width=terminal.width()), output)
