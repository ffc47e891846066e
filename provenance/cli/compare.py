"""`provenance compare`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import FILE, OUTPUT, in_form, with_workspace
from provenance.workspace import Workspace


@click.command(name="compare")
@click.argument("base")
@click.argument("derived")
@click.option("--with", "others", multiple=True, metavar="REF", help="A further parent of a merge.")
@click.option("--deep", is_flag=True, help="Look for re-ordered hidden units too (experimental).")
@click.option("--key", type=FILE, help="Compare where only the secret in FILE tells.")
@in_form("json", "html")
@OUTPUT
@with_workspace
def command(
    base: str,
    derived: str,
    others: tuple[str, ...],
    deep: bool,
    key: Path | None,
    form: str,
    workspace: Workspace,
    output: str | None,
    quiet: bool,
) -> None:
    """Show what the weights of a model say of its BASE: whether they are kin, and what changed.

    Both are on this machine: directories, names of provenance.toml, or org/name in the Hub's cache.
    Nothing is judged, and the exit code is 0 where both could be read. It tells where a model was
    changed and how much; what a change does, it does not tell.
    """
    from provenance.report import map, weights

    compared = workspace.compare(base, derived, *others, deep=deep, key=key)
    if form == "human":
        terminal.show(weights.comparison_lines(compared, width=terminal.width()), output)
    else:
        write = map.comparison_page if form == "html" else weights.comparison_json
        terminal.emit(write(compared), output)
