"""Edits of a registry's file, shown as a difference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from provenance.cli.options import here
from provenance.errors import ConfigError
from provenance.policy import BUILTIN
from provenance.registry.editing import Book, Edit, is_same
from provenance.trust.reading import is_url
from provenance.workspace import settings
from provenance.workspace.own_registry import MEANT, own_file


def meant(_: click.Context, __: click.Parameter, file: Path | None) -> Path:
    """The file that was named, else the one that every registry command means."""
    return file or own_file(Path(), here().environment)


with_file = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=meant,
    help=f"The registry, or a section of one. {MEANT}",
)


def edit(book: Book, change: Callable[[str], str]) -> None:
    """The file is edited, and the difference printed."""
    show_difference(book.edit(change))
    if not book.is_section:
        _say_if_unnamed(book.file)


def show_difference(edit: Edit) -> None:
    """Print what changed, as diff(1) does."""
    for line in edit.lines:
        click.echo(line)


def _say_if_unnamed(file: Path) -> None:
    """A note where the settings that hold here judge by other registries, and none is published."""
    try:
        found = settings.find(Path.cwd(), (), home=here().environment.home).path
        names = settings.load(found).registry if found else ()
    except ConfigError:
        return
    if names and not any(is_url(name) or is_same(file, Path(name)) for name in names):
        listed = ", ".join(f'"{name}"' for name in (file.name, BUILTIN))
        click.echo(
            f"note: {found.name if found else ''} does not name {file}, so nothing is judged by "
            f"it: under [policy], registry = [{listed}]",
            err=True,
        )
