"""`provenance registry remove`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.editing import show_edit, with_file
from provenance.registry.editing import Book
from provenance.workspace.clocks import clock_at
from provenance.workspace.rooting import swept

KINDS = ("org", "signer", "root", "revoked", "clock")


@click.command(name="remove")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option("--reason", required=True, help="Why, for the log of this command.")
@with_file
def command(kind: str, name: str, reason: str, file: Path) -> None:
    """Take something out: an org by NAME, a signer as ORG/NAME, a root by its repository, what was
    revoked by its value, or a clock by its certificate's subject or fingerprint. Comments directly
    above it go with it, and so do fingerprints that nothing names any more."""
    book = Book.opened(file)
    edit = book.remove(clock_at(book, name) if kind == "clock" else book.path(kind, name))
    show_edit(edit, swept(book, edit))
    click.echo(f"removed {kind} {name}: {reason}")
