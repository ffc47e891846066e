"""`provenance why`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.gathering import Means
from provenance.cli.lineage import gathered
from provenance.cli.options import OUTPUT, RULES, with_means, with_options
from provenance.cli.subjects import Request
from provenance.errors import ConfigError
from provenance.lineage import Graph
from provenance.report.graph import path

MOST = 64


@click.command(name="why")
@click.argument("ref", metavar="REF")
@click.argument("ancestor")
@with_options(*RULES)
@with_means
@with_options(*OUTPUT)
def command(
    ref: str,
    ancestor: str,
    policy: str | None,
    registry: tuple[str, ...],
    means: Means,
    output: str | None,
    quiet: bool,
) -> None:
    """Show each path from a model to an ANCESTOR, the shortest first, with its weakest link."""
    request = Request(refs=(ref,), policy=policy, registry=registry, offline=means.offline)
    graph = gathered(request, means, None, quiet=quiet)
    found = graph.paths(_known(graph, ancestor), MOST)
    if not found:
        raise ConfigError(f"{graph.model} does not lead to {ancestor}", path="why")
    colour = output is None and terminal.wants_colour()
    lines = [line for number, edges in enumerate(found, 1) for line in path(number, edges)]
    terminal.emit(terminal.styled(lines, colour=colour), output)


def _known(graph: Graph, ancestor: str) -> str:
    """The key of the node that is meant, or ConfigError with those that there are."""
    for node in graph.nodes:
        if ancestor in (node.key, node.repo, node.manifest):
            return node.key
    names = ", ".join(node.key for node in graph.nodes[1:8]) or "none"
    raise ConfigError(f"no such ancestor; there are {names}", path=ancestor)
