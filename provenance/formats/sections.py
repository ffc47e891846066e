"""Settings in sections, as their own readers see them: INI and its like (configparser) and TOML.

Nothing is interpolated, and nothing is made of a value but what JSON says, as thinc does.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.toml import fault
from provenance.formats.yaml import lines

MAX_SIZE = 1 << 20
MAX_PAIRS = 200_000
ABOVE = " "
"""The section of what stands above the first header, which some readers take."""
DEFAULT = "DEFAULT"
NESTED = re.compile(r"\s*[{\[]")
SPEAKS = re.compile(r"@|target|class_path|\\u")
"""What in a table or list that is nearly JSON may name code to another reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: the parts of its name, which dots divide, and its pairs, inherited ones too."""

    path: tuple[str, ...]
    pairs: tuple[tuple[str, object], ...]


class _Exact(configparser.ConfigParser):
    """The standard reader, whose keys stay as they are written."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def ini(data: bytes) -> tuple[Section, ...]:
    """The sections of a UTF-8 text; Malformed, with the slug `twice` where a name stands twice."""
    parser = _Exact(interpolation=None, default_section=DEFAULT)
    try:
        parser.read_string(f"[{ABOVE}]\n{_text(data)}")
    except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
        place = (error.lineno or 2) - 1
        raise Malformed(f"a name stands twice, at line {place}", slug="twice") from None
    except configparser.Error as error:
        raise Malformed(f"not INI: {' '.join(str(error).split())[:200]}") from None
    names = parser.sections()
    if len(names) * len(parser.defaults()) > MAX_PAIRS:
        raise Malformed(f"more than {MAX_PAIRS} pairs, with those of [{DEFAULT}]", slug="limit")
    return tuple(_sections(parser, names))


def _sections(parser: configparser.ConfigParser, names: list[str]) -> Iterator[Section]:
    yield Section(path=(DEFAULT,), pairs=tuple(map(_pair, parser.defaults().items())))
    for name in names:
        yield Section(path=tuple(name.split(".")), pairs=tuple(map(_pair, parser.items(name))))


def _pair(pair: tuple[str, str]) -> tuple[str, object]:
    key, text = pair
    try:
        return key, json.loads(text.encode("utf-8", "surrogatepass"), constants=True)
    except Malformed:
        if NESTED.match(text) and SPEAKS.search(text):
            raise Malformed(
                f"the value of {key[:80]!r} is nearly JSON, and may name code"
            ) from None
        return key, text


def toml(data: bytes) -> dict[str, object]:
    """The tables of a TOML text in UTF-8, or Malformed."""
    text = _text(data)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(fault(error, text)) from None


def _text(data: bytes) -> str:
    if len(data) > MAX_SIZE:
        raise Malformed(f"{len(data)} bytes, at most {MAX_SIZE} are read", slug="limit")
    try:
        return lines(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from None
