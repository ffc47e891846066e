"""`provenance registry add-root`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.options import here
from provenance.cli.registry.editing import show_edit, with_file
from provenance.registry.editing import Book
from provenance.workspace.registry_entry import manifest_of


@click.command(name="add-root")
@click.argument("org")
@click.argument("repo")
@click.option("--commit", help="The full commit; needed unless --manifest is a folder.")
@click.option(
    "--manifest",
    required=True,
    metavar="SHA256|DIR",
    help="sha256:…, as `verify -v` prints it, or the folder with the model.",
)
@click.option("--repo-id", help="The Hub's _id of the repository.")
@with_file
def command(
    org: str, repo: str, commit: str | None, manifest: str, repo_id: str | None, file: Path
) -> None:
    """Name a model of an organisation at which ancestries may end."""
    measured = manifest_of(manifest, commit, here(quiet=False))
    book = Book.opened(file)
    words = {"repo": repo, "repo_id": repo_id, "commit": commit, "manifest": measured}
    table: dict[str, object] = {key: value for key, value in words.items() if value is not None}
    path = book.part(org, "root")
    if table in book.at(path):
        click.echo(f"{file} has this root already, and stays as it is")
    else:
        show_edit(book.append(path, table))
