"""`provenance lineage`."""

from __future__ import annotations

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
from provenance.report import graph as drawn
from provenance.workspace import Request, Workspace
from provenance.workspace.ancestors import graph_of

FORMATS = {"mermaid": drawn.mermaid, "dot": drawn.dot, "json": drawn.table}


@click.command(name="lineage")
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@with_request(*EVIDENCE, *RULES)
@in_form(*FORMATS)
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
    """Draw the ancestors of a model: each step with its tier, who attests it, who claims it.

    The tiers, the worst first: contradicted, declared, consistent, attested, anchored. Nothing is
    judged; `verify --policy attested` does that.
    """
    graph = graph_of(workspace.gathering(workspace.session(request), signature=signature))
    if form != "human":
        terminal.emit(FORMATS[form](graph), output)
        return
    paper = terminal.paper(output)
    problems = terminal.styled(tuple(drawn.problems(graph, terminal.width())), paper)
    terminal.emit("\n".join(filter(None, (terminal.tree(graph, paper), problems))), output)
