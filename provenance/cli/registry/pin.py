"""`provenance registry pin`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.adopting import then
from provenance.cli.options import FILE, here
from provenance.workspace import SourceOptions
from provenance.workspace.pinning import pinned


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
    terminal.difference(made.edit)
    for line in (*(f"  {line}" for line in made.effects()), made.done(url)):
        click.echo(line)
    then(("provenance verify" if made.lists_models else "provenance add REF",))
