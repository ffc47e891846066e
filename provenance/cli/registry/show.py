"""`provenance registry show`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.options import RULES, with_request, with_workspace
from provenance.report.human import Span
from provenance.report.registry import registry_lines
from provenance.workspace import Request, Workspace


@click.command(name="show")
@with_request(*RULES)
@with_workspace
def command(request: Request, workspace: Workspace, quiet: bool) -> None:
    """Show whom the registry trusts with what, and how old it is.

    Without --registry it is the one that provenance.toml names. What is refused is not shown.
    """
    session = workspace.session(request, needs_models=False)
    terminal.show(((Span(session.registry_source),), *registry_lines(session.registry)), None)
