"""`provenance registry add-signer`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.editing import Book, with_file
from provenance.cli.registry.material import Material, with_material
from provenance.formats.toml import appended


@click.command(name="add-signer")
@click.argument("org")
@click.argument("name")
@with_material
@with_file
def command(org: str, name: str, material: Material, file: Path) -> None:
    """Add the signer NAME to an organisation."""
    book = Book.opened(file)
    path, table = book.part(org, "signer"), material.table(name)
    book.edit(lambda text: appended(text, path, table))
