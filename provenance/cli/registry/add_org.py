"""`provenance registry add-org`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.editing import edit, with_file
from provenance.cli.registry.material import FILE, with_material
from provenance.errors import ConfigError
from provenance.formats.toml import appended
from provenance.registry.editing import Book
from provenance.registry.file import read_text
from provenance.registry.material import Material


@click.command(name="add-org")
@click.argument("name")
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    required=True,
    help="Namespace of the organisation on the Hub.",
)
@click.option(
    "--namespace-id", multiple=True, metavar="NAMESPACE=ID", help="Id of that namespace on the Hub."
)
@click.option("--originates", is_flag=True, help="Its models that state no parent are roots.")
@click.option("--threshold", type=click.IntRange(1), help="How many publishers must sign (1).")
@click.option("--signer", default="release", show_default=True, help="The first signer's name.")
@click.option("--section", metavar="NAME", help="The organisation maintains sections/NAME.toml.")
@click.option("--section-key", multiple=True, type=FILE, help="PEM public key of that section.")
@click.option(
    "--section-threshold", type=click.IntRange(1), help="Signatures that the section needs (1)."
)
@with_material
@with_file
def command(
    name: str,
    namespaces: tuple[str, ...],
    namespace_id: tuple[str, ...],
    originates: bool,
    threshold: int | None,
    signer: str,
    section: str | None,
    section_key: tuple[Path, ...],
    section_threshold: int | None,
    material: Material,
    file: Path,
) -> None:
    """Add an organisation to the registry, with its first signer if one is described."""
    table: dict[str, object] = {"name": name, "namespaces": list(namespaces)}
    if originates:
        table["originates"] = True
    if threshold:
        table["threshold"] = threshold
    if namespace_id:
        table["namespace_id"] = dict(map(_pair, namespace_id))
    if section or section_key:
        keys = [read_text(key) for key in section_key]
        own = {"name": section or "", "keys": keys, "threshold": section_threshold}
        table["section"] = {key: value for key, value in own.items() if value is not None}
    if material.is_given:
        table["signer"] = [material.table(signer)]
    edit(Book.opened(file), lambda text: appended(text, ("org",), table))


def _pair(text: str) -> tuple[str, str]:
    namespace, equals, own = text.partition("=")
    if not equals:
        raise ConfigError(f"expected NAMESPACE=ID, found {text!r}", path="--namespace-id")
    return namespace, own
