"""`provenance exempt`."""

from __future__ import annotations

import click

from provenance.cli.adopting import WHOLE, show, tell, with_setting
from provenance.cli.options import RULES, one, with_request, with_workspace
from provenance.workspace import Request, Setting, Workspace


@click.command(name="exempt")
@click.argument("refs", metavar="NAME", callback=one)
@with_setting(WHOLE)
@with_request(*RULES)
@with_workspace
def command(request: Request, setting: Setting, workspace: Workspace, quiet: bool) -> int:
    """Let the bytes of a model pass whose publisher nobody knows.

    The exemption is bound to its files of today but documents and pictures, whose patterns are
    written beside it, and ends on its day. One that is there already gets the new bytes.
    """
    made = workspace.exempting(request, setting)
    show(made.edit)
    return tell(made)
