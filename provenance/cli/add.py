"""`provenance add`."""

from __future__ import annotations

import click

from provenance.cli.adopting import show, tell
from provenance.cli.options import RULES, folded, with_request, with_workspace
from provenance.policy import PROFILES
from provenance.workspace import Addition, Request, Workspace


@click.command(name="add")
@click.argument("refs", nargs=-1, required=True, metavar="REF...")
@click.option("--as", "named", metavar="ORG/NAME", help="What a directory is called.")
@folded(
    "addition",
    Addition,
    click.option("--include", multiple=True, metavar="GLOB", help="Only these files are meant."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="These files are left out."),
    click.option(
        "--profile", type=click.Choice([p.name for p in PROFILES]), help="What is asked of it."
    ),
    click.option("--name", metavar="NAME", help="How it is called here, if not as its repository."),
    click.option("--mirror-of", metavar="ORIGIN", help="org/name@COMMIT whose bytes these are."),
)
@with_request(*RULES)
@with_workspace
def command(request: Request, addition: Addition, workspace: Workspace, quiet: bool) -> int:
    """Add models to provenance.toml, or change which of their files are meant.

    They are judged, nothing is set aside, and for each finding that stands the next line to type is
    printed. Comments and order of the file stay.
    """
    made = workspace.adding(request, addition)
    show(made.edit)
    return tell(made.models)
