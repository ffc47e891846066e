"""`provenance registry learn`."""

from __future__ import annotations

import click

from provenance.cli.options import RULES, one, with_request, with_workspace
from provenance.errors import ConfigError
from provenance.proposal import proposal
from provenance.workspace import Request, Workspace
from provenance.workspace.own_registry import MEANT, with_own_file


@click.command(name="learn", epilog=MEANT)
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@click.option("--as", "named", metavar="ORG/NAME", help="What a directory claims to be.")
@with_request(*RULES)
@with_workspace
def command(request: Request, workspace: Workspace, quiet: bool) -> None:
    """Propose an entry for trust.toml from what a model is signed with and its id on the Hub.

    The entry is for review: no repository can say whether this signer is the right one.
    """
    session = workspace.session(with_own_file(workspace, request))
    if session.one.ref.repo is None:
        (ref,) = request.refs
        raise ConfigError(f"expected a model with a name, found {ref}; --as names a directory")
    evidence = workspace.gathering(session, ask_owner=True).of(session.one)
    click.echo(proposal(evidence, session.registry))
