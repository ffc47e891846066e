"""`provenance registry init`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.adopting import then
from provenance.policy import BUILTIN
from provenance.registry.editing import begun
from provenance.registry.store import FILE_NAME


@click.command(name="init")
@click.option("--name", help="What reports call the registry (the folder's name).")
def command(name: str | None) -> None:
    """Write ./trust.toml: a registry that trusts nobody yet, and expires in a year."""
    expires = begun(Path(FILE_NAME), name or Path.cwd().name)
    click.echo(f"wrote {FILE_NAME}, which expires on {expires}")
    click.echo(f'to judge by it here, under [policy]: registry = ["{FILE_NAME}", "{BUILTIN}"]')
    line = "provenance registry add-org NAME --namespace NAMESPACE"
    then((f"{line} --key FILE", f"{line}  # where nobody signs yet"))
