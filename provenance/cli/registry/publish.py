"""`provenance registry publish`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.options import FOLDER, folded
from provenance.cli.registry.editing import with_file
from provenance.cli.registry.hands import with_signing
from provenance.registry.keys import Signing
from provenance.registry.publication import Source, published
from provenance.report.publication import publication_lines


@click.command(name="publish")
@with_signing
@folded(
    "source",
    Source,
    click.option(
        "--attestations",
        type=FOLDER,
        help="Publish the bundles in its <org>/<name>/ beside the registry.",
    ),
    click.option(
        "--section", metavar="NAME", help="Publish sections/NAME.toml alone, by its keys."
    ),
    click.option(
        "--prepare", is_flag=True, help="Write what is to be signed, and publish nothing."
    ),
    click.option("--finish", is_flag=True, help="Publish what was prepared and signed."),
    with_file,
)
def command(signing: Signing, source: Source) -> None:
    """Publish trust.toml by TUF: static files in DIR, for any web server or bucket.

    The first time, every --key must sign the root and the registry from then on; without
    --online-key they also sign the snapshot and timestamp. DIR/root.json is what users pin. A
    public key will do where --prepare is followed by `registry sign` at the private one.
    """
    terminal.show(publication_lines(published(signing, source)))
