"""Edits of a registry's file, shown as a difference."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.adopting import then
from provenance.cli.notice import notice
from provenance.cli.options import here
from provenance.registry.editing import Book, Edit
from provenance.workspace.own_registry import MEANT, next_of_edited, own_file, unnamed


def meant(_: click.Context, __: click.Parameter, file: Path | None) -> Path:
    """The file that was named, else the one that every registry command means."""
    return file or own_file(Path(), here().environment)


with_file = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=meant,
    help=f"The registry, or a section of one. {MEANT}",
)


def show_edit(edit: Edit, notes: Iterable[str] = ()) -> None:
    """What changed in a registry and beside it, and whether anything is judged by it."""
    for note in notes:
        terminal.say(f"note: {note}", err=True)
    terminal.difference(edit)
    if words := unnamed(edit.file, here().environment):
        notice(f"note: {words}")
    if not Book.opened(edit.file).is_section:
        then((next_of_edited(edit.file, here().environment),))
