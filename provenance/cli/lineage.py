"""`provenance lineage`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.checks.hearing import hear
from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.options import EVIDENCE, OUTPUT, RULES, with_means, with_options
from provenance.cli.subjects import Request, bench
from provenance.errors import ConfigError
from provenance.lineage import Graph
from provenance.report import graph as drawn

FORMATS = {"mermaid": drawn.mermaid, "dot": drawn.dot, "json": drawn.table}


@click.command(name="lineage")
@click.argument("ref", metavar="REF")
@with_options(*EVIDENCE, *RULES)
@with_means
@click.option("--format", "form", type=click.Choice(["human", *FORMATS]), default="human")
@with_options(*OUTPUT)
def command(
    ref: str,
    named: str | None,
    signature: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    policy: str | None,
    registry: tuple[str, ...],
    means: Means,
    form: str,
    output: str | None,
    quiet: bool,
) -> None:
    """Draw the ancestors of a model: each step with its tier, who attests it, who claims it.

    The tiers, the worst first: contradicted, declared, consistent, attested, anchored. Nothing is
    judged; `verify --policy attested` does that.
    """
    request = Request(
        refs=(ref,),
        named=named,
        policy=policy,
        registry=registry,
        include=include,
        exclude=exclude,
        offline=means.offline,
    )
    graph = gathered(request, means, signature, quiet=quiet)
    if form != "human":
        terminal.emit(FORMATS[form](graph), output)
        return
    colour = output is None and terminal.wants_colour()
    width = terminal.width()
    missing = terminal.styled(
        [*drawn.unresolved(graph, width), *drawn.problems(graph, width)], colour=colour
    )
    tree = terminal.tree(graph, colour=colour)
    terminal.emit("\n".join(filter(None, (tree, missing))), output)


def gathered(request: Request, means: Means, signature: Path | None, *, quiet: bool) -> Graph:
    """The graph of the one model that the request names."""
    setting = bench(request)
    if len(setting.subjects) != 1:
        names = ", ".join(subject.name for subject in setting.subjects)
        raise ConfigError(f"{request.refs[0]} means {len(setting.subjects)} models: {names}")
    (subject,) = setting.subjects
    evidence = Gathering.begun(setting, means, quiet=quiet, signature=signature).of(subject)
    return hear(evidence, setting.registry, subject.policy.parents).graph
