"""`provenance diff`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.options import OUTPUT, RULES, in_form, with_request, with_workspace
from provenance.report.review import review, review_json, review_markdown
from provenance.workspace import Request, Workspace
from provenance.workspace.comparing import Comparing

FORMATS = {"markdown": review_markdown, "json": review_json}


@click.command(name="diff")
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--git", "base", metavar="REV", help="Compare the lockfile with that of REV.")
@click.option("--contents", is_flag=True, help="With lockfiles: look at the models themselves.")
@with_request(*RULES)
@in_form(*FORMATS)
@OUTPUT
@with_workspace
def command(
    old: str | None,
    new: str | None,
    request: Request,
    contents: bool,
    workspace: Workspace,
    form: str,
    output: str | None,
    quiet: bool,
) -> None:
    """Show what changes between two models, two lockfiles, or since a git revision.

    In a reviewer's order: verdict, identity, signer, ancestors, code, templates and settings,
    weights, licence, other files. Models are org/name@revision or directories.
    """
    reviews = Comparing(workspace=workspace, request=request).sides(old, new, contents=contents)
    if form == "human":
        terminal.show(review(reviews), output)
    else:
        terminal.emit(FORMATS[form](reviews).rstrip("\n"), output)
