"""`provenance registry pin`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.options import FILE, here
from provenance.cli.registry.editing import show_difference
from provenance.registry.editing import Edit
from provenance.workspace import SourceOptions
from provenance.workspace.pinning import ROOT_FILE, pinned


@click.command(name="pin")
@click.argument("url")
@click.option(
    "--root", type=FILE, required=True, help="The root.json that its maintainers handed out."
)
@click.option("--only", is_flag=True, help="Judge by no other registry any more, nor by builtin.")
@click.option(
    "--offline",
    is_flag=True,
    envvar="PROVENANCE_OFFLINE",
    help="Write without asking the server whether the root is its own.",
)
def command(url: str, root: Path, only: bool, offline: bool) -> None:
    """Trust the registry at URL, beginning at this root: commit what it writes.

    The registry is fetched and verified first: where the root does not vouch for it, or the server
    does not answer, nothing is written. Then the root is copied to trust-root.json, and both are
    named in provenance.toml, which is made if there is none; registries that it named before stay,
    builtin too.
    """
    made = pinned(here(SourceOptions(offline=offline)), url, root, only=only)
    show_difference(Edit(file=Path(made.file.name), old=made.before, new=made.after))
    for line in made.effects():
        click.echo(f"  {line}")
    release = f" ({made.name} version {made.version})" if made.name else ""
    click.echo(
        f"pinned {url}{release} by its root version {made.root_version}: "
        f"commit {made.file.name} and {ROOT_FILE}"
    )
