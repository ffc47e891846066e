"""`provenance registry revoke`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.notice import notice
from provenance.cli.options import LOCKFILE, folded, with_workspace
from provenance.cli.registry.editing import show_edit, with_file
from provenance.report.common import printable
from provenance.workspace import Workspace
from provenance.workspace.revocations import Revoking, revoked


@click.command(name="revoke")
@folded(
    "revoking",
    Revoking,
    click.argument("model", required=False),
    click.option("--manifest", help="sha256:… of a model's files, as `verify -v` prints it."),
    click.option("--files", multiple=True, help="sha256:… of one file; once for each."),
    click.option("--repo", help="A whole repository."),
    click.option("--commit", help="One commit, wherever it lies."),
    click.option("--signer", help="A signer: its name, ORG/NAME, or its identity."),
    click.option("--key", help="sha256:… of a key or certificate."),
    click.option("--reason", required=True, help="What happened, and where to read more."),
    click.option(
        "--compromised-since",
        type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]),
        help="For a signer or key: what it signed from then on is refused.",
    ),
    *LOCKFILE,
)
@with_workspace
@with_file
def command(revoking: Revoking, workspace: Workspace, quiet: bool, file: Path) -> None:
    """Refuse something from now on; it is decided before everything else, and nothing lowers it.

    MODEL is the name of a locked model, a directory, or org/name[@revision] on a Hub: its manifest
    and each file of its weights are refused, so that no other file added or left out makes it
    another model. So are the weights of a locked model that --manifest or --commit names.
    """
    made = revoked(workspace, revoking, file)
    if made.edit:
        show_edit(made.edit)
    else:
        click.echo(f"{file} refuses this already, and stays as it is: {printable(made.standing)}")
    for line in made.warnings():
        notice(f"warning: {line}")
