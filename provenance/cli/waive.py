"""`provenance waive`."""

from __future__ import annotations

from dataclasses import replace

import click

from provenance.cli.adopting import WHOLE, show, tell, with_setting
from provenance.cli.options import RULES, with_request, with_workspace
from provenance.workspace import Request, Setting, Workspace
from provenance.workspace.adding import Looked
from provenance.workspace.exempting import by_name


@click.command(name="waive")
@click.argument("words", nargs=-1, required=True, metavar="RULE@NAME...")
@with_setting(
    click.option("--subject", metavar="TEXT", help="Only for this file, or what it is about."),
    click.option("--any-revision", is_flag=True, help="Whatever the files of the model become."),
    WHOLE,
)
@with_request(*RULES)
@with_workspace
def command(
    words: tuple[str, ...], request: Request, setting: Setting, workspace: Workspace, quiet: bool
) -> int:
    """Set aside what a rule found on a model, for its bytes of today, until a day.

    A finding on code or formats does not depend on documents and pictures, whose patterns are
    written beside it; any other waiver is for every byte.
    """
    found: list[Looked] = []
    for name, rules in by_name(words).items():
        made = workspace.waiving(replace(request, refs=(name,)), rules, setting)
        show(made.edit)
        found += made.models
    return tell(found)
