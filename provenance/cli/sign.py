"""`provenance sign`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import QUIET, here
from provenance.cli.signer import with_signer
from provenance.workspace.model_signing import beside, signed
from provenance.workspace.signing import SignerOptions


@click.command(name="sign")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@with_signer
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to write the signature.",
)
@click.option("--force", is_flag=True, help="Replace a signature somebody else made.")
@QUIET
def command(
    path: Path, signing: SignerOptions, output: Path | None, force: bool, quiet: bool
) -> None:
    """Sign every file of the model at PATH; write PATH/model.sig.

    With --key, or --key and --certificate, or keyless: --identity-token, else the identity of
    the CI job this runs in.
    """
    workspace = here(quiet=quiet)
    target = output or beside(path)
    signer = signing.signer(workspace)
    text = signed(workspace, path, signer, target=target, force=force)
    terminal.emit(text, str(target))
    if not quiet:
        click.echo(f"signed: {target}", err=True)
