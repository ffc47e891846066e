"""`provenance registry remove`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from provenance.cli.registry.editing import Book, with_file
from provenance.errors import ConfigError
from provenance.formats.toml import removed

KINDS = ("org", "signer", "root", "revoked")

Rows = Sequence[dict[str, object]]


@click.command(name="remove")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option("--reason", required=True, help="Why, for the log of this command.")
@with_file
def command(kind: str, name: str, reason: str, file: Path) -> None:
    """Take something out: an org by NAME, a signer as ORG/NAME, a root by its repository, or what
    was revoked by its value. Comments directly above it go with it."""
    book = Book.opened(file)
    path = _path(book, kind, name)
    book.edit(lambda text: removed(text, path))
    click.echo(f"removed {kind} {name}: {reason}")


def _path(book: Book, kind: str, name: str) -> tuple[str | int, ...]:
    match kind:
        case "org":
            return ("org", book.org(name))
        case "revoked":
            rows = book.rows("revoked")
            return ("revoked", _place(book, rows, name, "manifest files repo commit signer key"))
        case "root":
            return _part(book, "root", name, "repo")
    org, slash, signer = name.rpartition("/")
    if not slash:
        raise ConfigError(f"expected ORG/NAME, found {name!r}", path="signer")
    path = book.part(org, "signer")
    return (*path, _place(book, _rows(book, path), signer, "name"))


def _part(book: Book, kind: str, name: str, word: str) -> tuple[str | int, ...]:
    """The path of an organisation's part that is called so, whichever organisation has it."""
    if book.is_section:
        return (kind, _place(book, book.rows(kind), name, word))
    for position in range(len(book.rows("org"))):
        rows = _rows(book, ("org", position, kind))
        if any(row.get(word) == name for row in rows):
            return ("org", position, kind, _place(book, rows, name, word))
    raise ConfigError(f"has no {kind} {name!r}", path=str(book.file))


def _rows(book: Book, path: tuple[str | int, ...]) -> Rows:
    if len(path) == 1:
        return list(book.rows(str(path[0])))
    rows = book.rows("org")[int(path[1])].get(str(path[2]), [])
    return rows if isinstance(rows, list) else []


def _place(book: Book, rows: Rows, name: str, words: str) -> int:
    """The position of the only row that is called so, or ConfigError."""
    found = [n for n, row in enumerate(rows) if name in _called(row, words.split())]
    if len(found) != 1:
        raise ConfigError(f"has {len(found)} entries called {name!r}", path=str(book.file))
    return found[0]


def _called(row: Mapping[str, object], words: Sequence[str]) -> Iterator[object]:
    """What an entry can be named by: each of its words, or each value of a list."""
    for value in (row.get(word) for word in words):
        yield from value if isinstance(value, list) else (value,)
