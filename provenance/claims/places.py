"""The table of places where programs say which model they began with, and its one interpreter."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from provenance.claims.claim import Claim
from provenance.claims.named import named, texts
from provenance.errors import Malformed
from provenance.formats import yaml_tree
from provenance.formats.names import suffix_of
from provenance.formats.parsed import Parsed
from provenance.loaders.readers import Matches, matcher
from provenance.loaders.table import rows_of
from provenance.model import Content

ANY = "*"
JOINED = "org+name"
"""A table that has the organisation and the name apart."""
ADAPTED_BY = ("adapter", "finetuning_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place: the `keys` that lead to the value in one of `files`, and what it means.

    A `hint` is what a program left. `revision` is a key beside the value, `adapter` are the values
    of `adapter` or `finetuning_type` at the top with which the relation is adapter, `part` is the
    part of the model that comes from there, empty for the whole. Where many programs write a
    `shared` name, one that cannot be read is the matter of other checks.
    """

    by: str
    files: tuple[str, ...]
    keys: tuple[str, ...]
    relation: str = ""
    revision: str = ""
    beside: tuple[str, ...] = ()
    adapter: tuple[str, ...] = ()
    part: str = ""
    hint: bool = False
    shared: bool = False
    pitfalls: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A place that no row can describe: its `form` in words, and the `name` of who reads it."""

    name: str
    by: str
    files: tuple[str, ...]
    form: str
    pitfalls: str = ""


@cache
def _table() -> dict[str, list[dict[str, object]]]:
    text = resources.files(__package__).joinpath("places.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def places() -> tuple[Place, ...]:
    """Every row of the table, in its order."""
    return rows_of(Place, _table()["place"])


@cache
def readers() -> tuple[Reader, ...]:
    """Every place that has a reader of its own."""
    return rows_of(Reader, _table()["reader"])


@cache
def _matching() -> tuple[tuple[Place, Matches], ...]:
    return tuple((row, matcher(row.files, f"places: {row.by}")) for row in places())


@lru_cache(maxsize=4096)
def rows(path: str) -> tuple[Place, ...]:
    """The rows that read a file of this path."""
    return tuple(row for row, takes in _matching() if takes(path))


def placed(file: Parsed) -> Iterator[Claim]:
    """What the rows for this file find in it; Malformed where it cannot be read and is no other's
    file of the same name."""
    wanted = rows(file.path)
    try:
        yield from _placed(file, wanted)
    except Malformed:
        if not all(row.shared for row in wanted):
            raise


def _placed(file: Parsed, wanted: tuple[Place, ...]) -> Iterator[Claim]:
    is_json = suffix_of(file.path) == ".json"
    value = file.json() if is_json else yaml_tree.value(file.content.head)
    if not isinstance(value, dict):
        raise Malformed("no table")
    yield from stated(file.content, value, wanted)


def stated(
    content: Content, value: dict[object, object], wanted: tuple[Place, ...]
) -> Iterator[Claim]:
    """What these rows find in a table, wherever it stands."""
    for row in wanted:
        if row.beside and not any(key in value for key in row.beside):
            continue
        adapts = any(value.get(key) in row.adapter for key in ADAPTED_BY if row.adapter)
        for found, around in _at(value, row.keys):
            yield from _named(content, row, found, around, adapts)


def _named(
    content: Content, row: Place, found: object, around: dict[object, object], adapts: bool
) -> Iterator[Claim]:
    key = row.keys[-1]
    revision = around.get(row.revision)
    for text in texts(found, key):
        yield named(
            content,
            key,
            text,
            relation="adapter" if adapts else row.relation or None,
            revision=revision if isinstance(revision, str) and revision else None,
            hint=row.hint,
            part=row.part,
            recipe=bool(row.adapter),
        )


def _at(value: object, keys: tuple[str, ...]) -> Iterator[tuple[object, dict[object, object]]]:
    """Each value that the keys lead to, with the table around it."""
    first, rest = keys[0], keys[1:]
    if first == ANY:
        for one in value if isinstance(value, list) else ():
            yield from _at(one, rest)
    elif isinstance(value, dict):
        if first == JOINED:
            org, name = value.get("org"), value.get("name")
            if isinstance(org, str) and isinstance(name, str):
                yield f"{org}/{name}", value
        elif not rest:
            yield value.get(first), value
        else:
            yield from _at(value.get(first), rest)
