"""`provenance remove`."""

from __future__ import annotations

import click

from provenance.cli.adopting import show, then
from provenance.cli.options import here
from provenance.workspace.editing import Draft


@click.command(name="remove")
@click.argument("name")
def command(name: str) -> None:
    """Take a model out of provenance.toml, with what was set aside for it alone.

    Comments directly above what is taken out go with it.
    """
    edit = here().remove(name)
    show(edit)
    left = Draft(file=edit.file, text=edit.new).rows("models")
    then(["provenance lock"] if left else ["provenance add --help"])
