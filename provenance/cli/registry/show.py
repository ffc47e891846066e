"""`provenance registry show`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.options import RULES, with_request, with_workspace
from provenance.report.human import Span
from provenance.report.registry import registry_lines
from provenance.workspace import Request, Workspace
from provenance.workspace.own_registry import MEANT, reading


@click.command(name="show", epilog=MEANT)
@with_request(*RULES)
@with_workspace
def command(request: Request, workspace: Workspace, quiet: bool) -> None:
    """Show whom the registry trusts with what, and how old it is.

    What is refused is not shown.
    """
    session = reading(workspace, request)
    terminal.show(((Span(session.registry_source),), *registry_lines(session.registry)))
