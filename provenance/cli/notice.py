"""A line of words on stderr, as wide as the terminal is; as it is where there is none."""

from __future__ import annotations

import shutil
import sys

import click


def notice(text: str) -> None:
    """The text on stderr, folded at the width of the terminal that this is."""
    if sys.stderr.isatty():
        from provenance.report.folded import wrapped

        text = wrapped(text, shutil.get_terminal_size((100, 24)).columns)
    click.echo(text, err=True)
