"""`provenance registry add-org`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.options import FILE, folded
from provenance.cli.registry.editing import show_edit, with_file
from provenance.cli.registry.material import with_material
from provenance.registry.editing import Book
from provenance.registry.material import Material, Organisation


@click.command(name="add-org")
@click.argument("name")
@folded(
    "organisation",
    Organisation,
    click.option(
        "--namespace",
        "namespaces",
        multiple=True,
        required=True,
        help="Namespace of the organisation on the Hub.",
    ),
    click.option(
        "--namespace-id",
        "namespace_ids",
        multiple=True,
        metavar="NAMESPACE=ID",
        help="Id of that namespace on the Hub.",
    ),
    click.option("--originates", is_flag=True, help="Its models that state no parent are roots."),
    click.option("--threshold", type=click.IntRange(1), help="How many publishers must sign (1)."),
    click.option("--signer", default="release", show_default=True, help="The first signer's name."),
    click.option(
        "--section", metavar="NAME", help="The organisation maintains sections/NAME.toml."
    ),
    click.option(
        "--section-key",
        "section_keys",
        multiple=True,
        type=FILE,
        help="PEM public key of that section.",
    ),
    click.option(
        "--section-threshold", type=click.IntRange(1), help="Signatures that the section needs (1)."
    ),
)
@with_material
@with_file
def command(organisation: Organisation, material: Material, file: Path) -> None:
    """Add an organisation to the registry, with its first signer if one is described."""
    table = organisation.table(material)
    show_edit(Book.opened(file).append(("org",), table))
