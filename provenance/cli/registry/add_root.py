"""`provenance registry add-root`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import FILE, folded, here
from provenance.cli.registry.editing import show_edit, with_file
from provenance.workspace.rooting import NewRoot, rooted


@click.command(name="add-root")
@folded(
    "new",
    NewRoot,
    click.argument("org"),
    click.argument("repo"),
    click.option("--commit", help="The full commit; needed unless --manifest is a folder."),
    click.option(
        "--manifest",
        required=True,
        metavar="SHA256|DIR",
        help="sha256:…, as `verify -v` prints it, or the folder with the model.",
    ),
    click.option("--repo-id", help="The Hub's _id of the repository."),
    click.option(
        "--fingerprint",
        type=FILE,
        help="Of its weights, as `provenance fingerprint` writes it; copied to fingerprints/.",
    ),
)
@with_file
def command(new: NewRoot, file: Path) -> None:
    """Name a model of an organisation at which ancestries may end.

    With --fingerprint the weights of what descends from it can be compared with its own. A signed
    statement beside that file is verified, and it is said whose it is.
    """
    made = rooted(file, new, here(quiet=False))
    if made.edit.old != made.edit.new:
        return show_edit(made.edit, made.notes)
    for note in made.notes:
        terminal.say(f"note: {note}", err=True)
    click.echo(f"{file} has this root already, and stays as it is")
    return None
