"""`provenance why`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.options import OUTPUT, RULES, one, with_request, with_workspace
from provenance.report.graph import path
from provenance.workspace import Request, Workspace
from provenance.workspace.ancestors import graph_of, ways_to


@click.command(name="why")
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@click.argument("ancestor")
@with_request(*RULES)
@OUTPUT
@with_workspace
def command(
    request: Request, ancestor: str, workspace: Workspace, output: str | None, quiet: bool
) -> None:
    """Show each path from a model to an ANCESTOR, the shortest first, with its weakest link."""
    graph = graph_of(workspace.gathering(workspace.session(request)))
    found = enumerate(ways_to(graph, ancestor), 1)
    terminal.show([line for number, way in found for line in path(number, way, graph)], output)
