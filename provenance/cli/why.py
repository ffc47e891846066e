"""`provenance why`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.options import OUTPUT, RULES, one, with_request, with_workspace
from provenance.errors import ConfigError
from provenance.lineage import Graph
from provenance.report.graph import path
from provenance.workspace import Request, Workspace
from provenance.workspace.ancestors import graph_of

MOST = 64


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
    found = graph.paths(_known(graph, ancestor), MOST)
    if not found:
        raise ConfigError(f"{graph.model} does not lead to {ancestor}", path="why")
    terminal.show(
        [line for number, edges in enumerate(found, 1) for line in path(number, edges)], output
    )


def _known(graph: Graph, ancestor: str) -> str:
    """The key of the node that is meant, or ConfigError with those that there are."""
    for node in graph.nodes:
        if ancestor in (node.key, node.repo, node.manifest):
            return node.key
    names = ", ".join(node.key for node in graph.nodes[1:8]) or "none"
    raise ConfigError(f"no such ancestor; there are {names}", path=ancestor)
