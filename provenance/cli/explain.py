"""`provenance explain`."""

from __future__ import annotations

import click

from provenance.cli import completing
from provenance.report.explained import explained, overview


@click.command(name="explain")
@click.argument("name", required=False, shell_complete=completing.pages)
def command(name: str | None) -> None:
    """Print what NAME means and what to do about it.

    NAME is a rule id such as signature/wrong-signer, a check, or a page such as hub, ci or
    library. Without one, list them all.
    """
    click.echo(overview() if name is None else explained(name))
