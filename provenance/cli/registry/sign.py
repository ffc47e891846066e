"""`provenance registry sign`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import here
from provenance.cli.registry.hands import with_keys, with_to
from provenance.registry.publication import countersigned
from provenance.report.publication import countersigned_lines


@click.command(name="sign")
@with_to
@with_keys
def command(to: Path, keys: tuple[str, ...]) -> None:
    """Sign what was prepared in DIR, after a look at what it changes."""
    made = countersigned(to, keys, here().environment)
    terminal.difference(made.edit)
    terminal.show(countersigned_lines(made))
