"""`provenance exempt`."""

from __future__ import annotations

from dataclasses import replace

import click

from provenance.cli.adopting import WHOLE, show, tell, with_setting
from provenance.cli.options import RULES, with_request, with_workspace
from provenance.workspace import Request, Setting, Workspace
from provenance.workspace.adding import Looked


@click.command(name="exempt")
@click.argument("refs", nargs=-1, required=True, metavar="NAME...")
@with_setting(WHOLE)
@with_request(*RULES)
@with_workspace
def command(request: Request, setting: Setting, workspace: Workspace, quiet: bool) -> int:
    """Let the bytes of models pass whose publisher nobody knows.

    The exemption is bound to their files of today but documents and pictures, whose patterns are
    written beside it, and ends on its day. One that is there already gets the new bytes.
    """
    found: list[Looked] = []
    for name in request.refs:
        made = workspace.exempting(replace(request, refs=(name,)), setting)
        show(made.edit)
        found += made.models
    return tell(found)
