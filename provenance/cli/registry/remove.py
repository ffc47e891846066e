"""`provenance registry remove`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.editing import show_edit, with_file
from provenance.registry.editing import Book
from provenance.workspace.rooting import swept

KINDS = ("org", "signer", "root", "revoked")


@click.command(name="remove")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option("--reason", required=True, help="Why, for the log of this command.")
@with_file
def command(kind: str, name: str, reason: str, file: Path) -> None:
    """Take something out: an org by NAME, a signer as ORG/NAME, a root by its repository, or what
    was revoked by its value. Comments directly above it go with it, and so do fingerprints that
    nothing names any more."""
    book = Book.opened(file)
    edit = book.remove(book.path(kind, name))
    show_edit(edit, swept(book, edit))
    click.echo(f"removed {kind} {name}: {reason}")
