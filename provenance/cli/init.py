"""`provenance init`."""

from __future__ import annotations

from datetime import datetime

import click

from provenance.cli.adopting import EXPIRES, show, tell
from provenance.cli.options import RULES, with_request, with_workspace
from provenance.workspace import Request, Workspace


@click.command(name="init")
@click.argument("refs", nargs=-1, metavar="[REF]...")
@EXPIRES
@with_request(*RULES)
@with_workspace
def command(request: Request, expires: datetime | None, workspace: Workspace, quiet: bool) -> int:
    """Write provenance.toml for the models in use today.

    What fails today is set aside for these bytes, but for documents and pictures: an unknown
    publisher by an exemption, any other finding that may be waived by a waiver, each with a reason
    and a day on which it runs out. What may not be waived is listed, and stays a failure. Where
    there are settings already this is `add`, and nothing is set aside.
    """
    made = workspace.begin(request, expires.date() if expires else None)
    if made.new and made.edit:
        click.echo(f"wrote {made.edit.file.name}")
    else:
        show(made.edit)
    return tell(made.models)
