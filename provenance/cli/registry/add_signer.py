"""`provenance registry add-signer`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.editing import show_edit, with_file
from provenance.cli.registry.material import with_material
from provenance.registry.editing import Book
from provenance.registry.material import Material


@click.command(name="add-signer")
@click.argument("org")
@click.argument("name")
@with_material
@with_file
def command(org: str, name: str, material: Material, file: Path) -> None:
    """Add the signer NAME to an organisation."""
    book = Book.opened(file)
    show_edit(book.append(book.part(org, "signer"), material.table(name)))
