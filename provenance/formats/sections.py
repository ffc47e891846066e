"""Settings in sections, as their own readers see them: INI and its like (configparser) and TOML.

Nothing is interpolated, and nothing is made of a value but what JSON says, as thinc does.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.toml import fault
from provenance.formats.yaml import lines

MAX_INI = 1 << 20
MAX_TOML = 1 << 18
MAX_PARTS = 64
MAX_PAIRS = 200_000
ABOVE = " "
"""The section of what stands above the first header, which some readers take."""
DEFAULT = "DEFAULT"
"""The section that all others inherit."""
COMMENTS = ("#", ";")
HEADER = re.compile(r"\[(.+)\]")
DELIMITER = re.compile("[=:]")
DOTTED = re.compile(
    rf"""(?<![\w-])(?:(?:"[^"\n]*+"|'[^'\n]*+'|[\w-]++)[ \t]*+\.[ \t]*+){{{MAX_PARTS}}}"""
)
"""A key of so many parts: the standard reader of TOML takes a minute for one of 50,000."""
NESTED = re.compile(r"\s*[{\[]")
SPEAKS = re.compile(r"@|target|class_path|\\u")
"""What in a table or list that is nearly JSON may name code to another reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: the parts of its name, which dots divide, and its pairs, inherited ones too."""

    path: tuple[str, ...]
    pairs: tuple[tuple[str, object], ...]


def ini(data: bytes) -> tuple[Section, ...]:
    """The sections of a UTF-8 text, as configparser has them where it is strict.

    Malformed, with the slug `twice` where a name stands twice.
    """
    reader = _Ini()
    for number, line in enumerate(_text(data, MAX_INI).split("\n"), 1):
        reader.take(line, number)
    inherited = reader.sections.pop(DEFAULT)
    if len(inherited) * len(reader.sections) > MAX_PAIRS:
        raise Malformed(f"more than {MAX_PAIRS} pairs, with those of [{DEFAULT}]", slug="limit")
    return (
        Section(path=(DEFAULT,), pairs=_pairs(inherited)),
        *(
            Section(path=tuple(name.split(".")), pairs=_pairs({**inherited, **own}))
            for name, own in reader.sections.items()
        ),
    )


Values = dict[str, list[str]]


class _Ini:
    """What was read so far of an INI text, line by line.

    The standard reader takes the square of the time for many lines that are wrong, or long ones.
    """

    def __init__(self) -> None:
        self.sections: dict[str, Values] = {DEFAULT: {}, ABOVE: {}}
        self._section, self._value, self._indent = self.sections[ABOVE], list[str](), 0
        self._goes_on = False

    def take(self, line: str, number: int) -> None:
        """One more line, whose number counts from 1; Malformed for one that is none of its kind."""
        text = line.strip()
        if not text:
            self._value.append("")
        elif text.startswith(COMMENTS):
            return
        elif self._goes_on and len(line) - len(line.lstrip()) > self._indent:
            self._value.append(text)
        else:
            self._indent = len(line) - len(line.lstrip())
            self._begin(text, number)

    def _begin(self, text: str, number: int) -> None:
        self._value, self._goes_on = [], False
        if header := HEADER.match(text):
            name = header[1]
            if name in self.sections and name != DEFAULT:
                raise Malformed(f"the section {name[:80]!r} stands twice", slug="twice")
            self._section = self.sections.setdefault(name, {})
            return
        delimiter = DELIMITER.search(text)
        if delimiter is None or not delimiter.start():
            raise Malformed(f"not INI at line {number}: neither a section nor a pair")
        key, value = text[: delimiter.start()].rstrip(), text[delimiter.end() :].strip()
        if key in self._section:
            raise Malformed(f"the key {key[:80]!r} stands twice, at line {number}", slug="twice")
        self._value = self._section[key] = [value]
        self._goes_on = True


def _pairs(values: Values) -> tuple[tuple[str, object], ...]:
    return tuple((key, _decoded(key, "\n".join(rows).rstrip())) for key, rows in values.items())


def _decoded(key: str, text: str) -> object:
    try:
        return json.loads(text.encode("utf-8", "surrogatepass"), constants=True)
    except Malformed:
        if NESTED.match(text) and SPEAKS.search(text):
            raise Malformed(
                f"the value of {key[:80]!r} is nearly JSON, and may name code"
            ) from None
        return text


def toml(data: bytes) -> dict[str, object]:
    """The tables of a TOML text in UTF-8, or Malformed."""
    text = _text(data, MAX_TOML)
    if DOTTED.search(text):
        raise Malformed(f"a key of more than {MAX_PARTS} parts", slug="limit")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(fault(error, text)) from None


def _text(data: bytes, most: int) -> str:
    if len(data) > most:
        raise Malformed(f"{len(data)} bytes, at most {most} are read", slug="limit")
    try:
        return lines(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from None
