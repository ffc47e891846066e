"""`provenance registry learn`."""

from __future__ import annotations

import click

from provenance.cli.options import RULES, one, with_request, with_workspace
from provenance.workspace import Request, Workspace
from provenance.workspace.own_registry import MEANT
from provenance.workspace.registry_entry import proposed_entry


@click.command(name="learn", epilog=MEANT)
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@click.option("--as", "named", metavar="ORG/NAME", help="What a directory claims to be.")
@with_request(*RULES)
@with_workspace
def command(request: Request, workspace: Workspace, quiet: bool) -> None:
    """Propose an entry for trust.toml from what a model is signed with and its id on the Hub.

    The entry is for review: no repository can say whether this signer is the right one.
    """
    click.echo(proposed_entry(workspace, request))
