"""`provenance fingerprint`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.adopting import then
from provenance.cli.options import RULES, folded, in_form, one, with_request, with_workspace
from provenance.cli.signer import with_signer_apart
from provenance.report.fingerprinted import fingerprint_lines, fingerprint_table
from provenance.workspace import Request, Workspace
from provenance.workspace.fingerprinting import Wanted, fingerprinted
from provenance.workspace.signing import SignerOptions

PLACE = click.Path(dir_okay=False, path_type=Path)


@click.command(name="fingerprint")
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@click.option("--as", "named", metavar="ORG/NAME", help="What a directory is called.")
@folded(
    "wanted",
    Wanted,
    click.option("-o", "--output", type=PLACE, required=True, help="Where to write it."),
    click.option(
        "--key", "secret", type=PLACE, help="Secret coordinates by this key; made where none lies."
    ),
    click.option("--force", is_flag=True, help="Write over whatever lies there."),
)
@with_signer_apart
@in_form("json")
@with_request(*RULES)
@with_workspace
def command(
    request: Request,
    wanted: Wanted,
    signing: SignerOptions,
    form: str,
    workspace: Workspace,
    quiet: bool,
) -> None:
    """Write the fingerprint of a model's weights, which tells its kin; if asked for, sign it.

    REF is a directory, or ORG/NAME in the Hub's cache.
    """
    signer = signing.signer(workspace, request) if signing.is_given else None
    made = fingerprinted(workspace, request, wanted, signer)
    if form == "json":
        terminal.emit(json.dumps(fingerprint_table(made), indent=2), None)
    elif not quiet:
        terminal.show(fingerprint_lines(made, width=terminal.width()))
        then((made.next,))
