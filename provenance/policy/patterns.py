"""Patterns of paths inside a model, as the caller writes them."""

from __future__ import annotations

from collections.abc import Callable

from provenance.errors import ConfigError
from provenance.formats.fields import Fields
from provenance.formats.unseen import shows
from provenance.selection import matches
from provenance.trust import reading


def read_patterns(fields: Fields, name: str, without: str) -> tuple[str, ...]:
    """The patterns at `name`, none where it is absent; an empty list would mean nothing.

    `without` says what holds where there is no such list.
    """
    if name not in fields:
        return ()
    patterns = read_each(fields, name, _is_inner_pattern, "a pattern of paths inside the model")
    if not patterns:
        raise fields.wrong(name, f"must not be empty; without it {without}")
    return patterns


def read_usable(fields: Fields, name: str, without: str) -> tuple[str, ...]:
    """As `read_patterns`, each of a form that can match a file: `[` closed, ranges in order."""
    patterns = read_patterns(fields, name, without)
    for position, pattern in enumerate(patterns):
        try:
            matches("", [pattern], [])
        except ConfigError as error:
            said = str(error).removeprefix(f"{error.path}: ")
            raise fields.wrong(f"{name}[{position}]", said) from None
    return patterns


def read_each(
    fields: Fields, name: str, fits: Callable[[str], bool], expected: str
) -> tuple[str, ...]:
    """The texts at `name`, each of which `fits`; none where it is absent."""
    values = fields.texts(name, ())
    for position, value in enumerate(values):
        if not fits(value):
            raise fields.wrong(f"{name}[{position}]", f"expected {expected}, found {value[:200]!r}")
    return values


def _is_inner_pattern(text: str) -> bool:
    return shows(text) and reading.is_inner_path(text.rstrip("/"))
