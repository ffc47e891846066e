"""Edits of a registry's file: spliced, checked as a whole, shown as a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import click

from provenance.cli.options import here
from provenance.errors import ConfigError
from provenance.formats import toml
from provenance.policy import BUILTIN
from provenance.registry.file import Folder, read_text
from provenance.registry.shelf import FILE_NAME, assembled, parsed
from provenance.source.files import write_bytes
from provenance.trust import Registry
from provenance.trust.reading import is_url
from provenance.trust.section import read_section
from provenance.workspace import settings

with_file = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=FILE_NAME,
    show_default=True,
    help="The registry, or a section of one, to edit.",
)


@dataclass(frozen=True, slots=True)
class Edited:
    """A registry's file in another's place, to be read before it is written."""

    folder: Folder
    words: str

    def text(self, name: str) -> str:
        """The new text of the file itself, and what lies beside it."""
        return self.words if name == self.folder.file.name else self.folder.text(name)

    def version(self, name: str) -> int | None:
        """None: a file has none."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A registry's file, or a section's, as it stands: an organisation's parts are at `prefix`."""

    file: Path
    text: str
    table: Mapping[str, object]

    @classmethod
    def opened(cls, file: Path) -> Book:
        """The file as it stands, or ConfigError."""
        check_there(file)
        text = read_text(file)
        return cls(file=file, text=text, table=parsed(text, file.name))

    @property
    def is_section(self) -> bool:
        """Whether this is one organisation's section."""
        return isinstance(self.table.get("org"), str)

    def rows(self, name: str) -> list[dict[str, object]]:
        """The tables of a list at the top."""
        rows = self.table.get(name, [])
        return rows if isinstance(rows, list) else []

    def org(self, name: str) -> int:
        """Where the organisation stands, or ConfigError with those that there are."""
        names = [str(row.get("name")) for row in self.rows("org")]
        if name not in names:
            known = ", ".join(names) or "none"
            raise ConfigError(
                f"has no organisation {name!r}; there are {known}", path=str(self.file)
            )
        return names.index(name)

    def part(self, org: str, name: str) -> tuple[str | int, ...]:
        """The path of an organisation's signers or roots."""
        if self.is_section:
            if self.table["org"] != org:
                raise ConfigError(f"is the section of {self.table['org']}", path=str(self.file))
            return (name,)
        return ("org", self.org(org), name)

    def edit(self, change: Callable[[str], str]) -> None:
        """The file holds what `change` makes of it, and the difference is printed.

        ConfigError, and nothing written, for what the registry's reader would refuse, or where the
        file has a form that cannot be edited: then the block to put there is printed.
        """
        try:
            new = change(self.text)
        except toml.Unspliced as error:
            click.echo(error.block)
            raise ConfigError(
                f"{error}: put the block above into it", path=str(self.file)
            ) from None
        check(self.file, new)
        try:
            write_bytes(self.file, new.encode())
        except OSError as error:
            raise ConfigError(f"cannot be written: {error.strerror}", path=str(self.file)) from None
        show_difference(self.text, new, self.file)
        if not self.is_section:
            _say_if_unnamed(self.file)


def is_same(edited: Path, named: Path) -> bool:
    """Whether a registry that is named is the file that is edited, or the folder it lies in."""
    return any(place.is_file() and place.samefile(edited) for place in (named, named / FILE_NAME))


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


def check_there(file: Path) -> None:
    """The file is there, or ConfigError saying how it comes to be."""
    if not file.exists():
        raise ConfigError("is not there: `provenance registry init` writes one", path=str(file))


def check(file: Path, text: str) -> None:
    """The text is a registry, or a section of the one beside it, or ConfigError."""
    table = parsed(text, file.name)
    if not isinstance(table.get("org"), str):
        assembled(Edited(Folder(file), text), file=file.name)
        return
    above = file.absolute().parent.parent / FILE_NAME
    if above.is_file():
        _check_section(assembled(Folder(above)), table, file)


def _check_section(registry: Registry, table: Mapping[str, object], file: Path) -> None:
    org = next((org for org in registry.orgs if org.name == table["org"]), None)
    if org is None or org.section is None:
        raise ConfigError(f"{table['org']!r} keeps no section in {registry.name}", path=file.name)
    read_section(registry, org, table, source=file.name)


def show_difference(old: str, new: str, file: Path) -> None:
    """Print what changed, as diff(1) does."""
    lines = unified_diff(old.splitlines(), new.splitlines(), str(file), str(file), lineterm="", n=2)
    for line in lines:
        click.echo(line)
