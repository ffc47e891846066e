"""Which requirements of standards stand behind a check or a rule: the table `crosswalk.toml`.

A requirement that stands there asks for what a check looks at. That a check passes is evidence for
it and does not fulfil it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

TABLE = "crosswalk.toml"
WORDINGS = ("original", "copy")
"""Where the wording was read: at its publisher's, or in copies by others that agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A document of somebody else: `source` is its URL, `read` the day its wording was read.

    `sections` has the words of what is cited, by the document's own numbers or titles; `note` says
    what a reader must know of it, if anything.
    """

    key: str
    name: str
    title: str
    version: str
    source: str
    read: date
    wording: str
    sections: Mapping[str, str] = field(compare=False)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One section of a standard, and its words."""

    standard: Standard
    section: str

    @property
    def title(self) -> str:
        """What the section asks for, in the standard's own words, shortened."""
        return self.standard.sections[self.section]


def standards() -> Mapping[str, Standard]:
    """Every standard by its key, in the order of the table."""
    return {key: Standard(key=key, **values) for key, values in _document()["standards"].items()}


def rows() -> Mapping[str, tuple[Requirement, ...]]:
    """What stands behind each check, and behind each rule that differs from its check.

    KeyError where a row names a standard or a section that the table does not have.
    """
    return _rows()


def requirements(name: str) -> tuple[Requirement, ...]:
    """What stands behind a check or a rule: a rule's own row, else its check's, else nothing."""
    known = rows()
    return known.get(name) or known.get(name.partition("/")[0], ())


@cache
def _document() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(TABLE).read_text("utf-8"))


@cache
def _rows() -> Mapping[str, tuple[Requirement, ...]]:
    known = standards()
    return {
        name: tuple(
            _requirement(known[key], section)
            for key, sections in row.items()
            for section in sections
        )
        for name, row in _document()["rows"].items()
    }


def _requirement(standard: Standard, section: str) -> Requirement:
    if section not in standard.sections:
        raise KeyError(f"{TABLE}: {standard.key} has no section {section!r}")
    return Requirement(standard=standard, section=section)
