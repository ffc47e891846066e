"""`provenance registry rotate`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.options import folded
from provenance.cli.registry.hands import with_signing
from provenance.registry.keys import Signing
from provenance.registry.publication import Rotation, rekeyed
from provenance.registry.unpublished import TOP
from provenance.report.publication import publication_lines


@click.command(name="rotate")
@with_signing
@folded(
    "rotation",
    Rotation,
    click.option("--add", multiple=True, metavar="FILE|URI", help="Key that may sign from now on."),
    click.option("--drop", multiple=True, metavar="FILE|URI", help="Key that may sign no more."),
    click.option(
        "--role",
        "roles",
        multiple=True,
        type=click.Choice(TOP),
        help="Roles to change (default: those of the dropped key, or root and targets).",
    ),
    click.option(
        "--threshold", type=click.IntRange(1), help="How many must sign root and targets."
    ),
    click.option(
        "--prepare", is_flag=True, help="Write what is to be signed, and publish nothing."
    ),
)
def command(signing: Signing, rotation: Rotation) -> None:
    """Change the keys of the registry in DIR: a new root, signed by the old keys and the new.

    Users who pinned an older root follow by themselves.
    """
    terminal.show(publication_lines(rekeyed(signing, rotation)))
