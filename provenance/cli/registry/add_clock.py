"""`provenance registry add-clock`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.options import here
from provenance.cli.registry.editing import show_edit, with_file
from provenance.workspace.clocks import clock_added


@click.command(name="add-clock")
@click.argument("source", metavar="URL|FILE")
@with_file
def command(source: str, file: Path) -> None:
    """Add an RFC 3161 timestamp authority, whose word on when something was signed then counts.

    FILE has its certificates in PEM, its own first and its root last. The authority at URL is asked
    for a timestamp, and the certificates that it sends are added: compare them with those that it
    publishes.
    """
    show_edit(*clock_added(file, source, here()))
