"""`provenance registry init`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.errors import ConfigError
from provenance.formats.toml import pair
from provenance.policy import BUILTIN
from provenance.registry.store import FILE_NAME
from provenance.source.files import write

HEAD = "# Who may speak for which models. Review every change; `provenance registry check` helps.\n"


@click.command(name="init")
@click.option("--name", help="What reports call the registry (the folder's name).")
def command(name: str | None) -> None:
    """Write ./trust.toml: a registry that trusts nobody yet, and expires in a year."""
    file = Path(FILE_NAME)
    if os.path.lexists(file):
        raise ConfigError("is there already", path=FILE_NAME)
    today = datetime.now(UTC).date()
    expires = today.replace(year=today.year + 1, day=min(today.day, 28))
    pairs = {"version": 1, "name": name or Path.cwd().name, "expires": expires}
    write(file, HEAD + "".join(pair(key, value) for key, value in pairs.items()))
    click.echo(f"wrote {FILE_NAME}, which expires on {expires}")
    click.echo("next: provenance registry add-org NAME --namespace NAMESPACE --key FILE")
    click.echo(f'and under [policy] of provenance.toml: registry = ["{FILE_NAME}", "{BUILTIN}"]')
