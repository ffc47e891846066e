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
from provenance.errors import ConfigError
from provenance.report import graph as drawn
from provenance.report.lineage import table
from provenance.workspace import Request, Workspace
from provenance.workspace.ancestors import graph_of

FORMATS = {"mermaid": drawn.mermaid, "dot": drawn.dot, "json": table}


@click.command(name="lineage")
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@with_request(*EVIDENCE, *RULES)
@in_form(*FORMATS)
@click.option("--materials", is_flag=True, help="With the data, code and settings of each step.")
@OUTPUT
@with_workspace
def command(
    request: Request,
    signature: Path | None,
    form: str,
    materials: bool,
    workspace: Workspace,
    output: str | None,
    quiet: bool,
) -> None:
    """Draw the ancestors of a model: each step with its tier, who attests it, who claims it.

    The tiers, the worst first: contradicted, declared, consistent, attested, anchored. Nothing is
    judged; `verify --policy attested` does that.
    """
    if materials and form in ("mermaid", "dot"):
        message = f"draws a tree, or goes with --format json; found --format {form}"
        raise ConfigError(message, path="--materials")
    graph = graph_of(workspace.gathering(workspace.session(request), signature=signature))
    if form != "human":
        terminal.emit(FORMATS[form](graph), output)
        return
    paper = terminal.paper(output)
    drawing = terminal.tree(graph, paper, whole=materials)
    problems = terminal.styled(tuple(drawn.problems(graph, terminal.width())), paper)
    terminal.emit("\n".join(filter(None, (drawing, problems))), output)
