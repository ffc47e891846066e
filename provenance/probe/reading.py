"""A suite as its author writes it: TOML, read strictly, every error with the path of the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from provenance.errors import ConfigError, SourceError
from provenance.formats.fields import Fields
from provenance.probe.contexts import DIMENSIONS, PLACES, days
from provenance.probe.suite import PLACE, VALUE, Accepted, Message, Pattern, Scenario, Suite
from provenance.source.evidence_files import read
from provenance.trust import reading

BUILT_IN = "ops"
VERSION = 1
MAX_SUITE = 1 << 20
MOST_DAYS, MOST_VALUES, MOST_SCENARIOS = 3_660, 4_096, 512
ROLES = ("system", "user", "assistant")
BRACES = re.compile(r"\{([A-Za-z_]*)\}")
TOP = ("version", "name", "system", "contexts", "phrases", "tools", "scenarios")
OF_A_SCENARIO = ("name", "user", "messages", "tools", "accept")
OF_A_TOOL = ("name", "description", "parameters")


def suite_of(file: Path | None, year: int) -> Suite:
    """The suite in a file, else the one that is built in; the days of `year` where it names none.

    Raises ConfigError for what cannot be read, with the path of the key.
    """
    if file is None:
        text = resources.files("provenance.probe").joinpath(f"suites/{BUILT_IN}.toml").read_bytes()
        return parsed(text, source=BUILT_IN, year=year)
    try:
        return parsed(read(str(file), MAX_SUITE), source=str(file), year=year)
    except SourceError as error:
        raise ConfigError(str(error), path="--suite") from None


def parsed(data: bytes, *, source: str, year: int) -> Suite:
    """The suite that a TOML file holds, or ConfigError."""
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not TOML: {error}", path=source) from None
    fields = Fields(table, raises=reading.errors_in(source))
    version = fields.whole("version")
    if version != VERSION:
        raise fields.wrong("version", f"expected {VERSION}, found {version}")
    name = reading.slug(fields, "name")
    system = _spoken(fields, "system") if "system" in fields else ""
    tools = dict(map(_tool, fields.tables("tools")))
    scenarios = tuple(
        _scenario(one, system, tuple(tools)) for one in fields.tables("scenarios", required=True)
    )
    _check_scenarios(fields, scenarios)
    suite = Suite(
        name=name,
        scenarios=scenarios,
        tools=tools,
        values=_values(fields.optional_table("contexts"), year),
        phrases=_phrases(fields.optional_table("phrases")),
    )
    _end(fields, TOP)
    return suite


def _check_scenarios(fields: Fields, scenarios: Sequence[Scenario]) -> None:
    names = [one.name for one in scenarios]
    if not 1 <= len(names) <= MOST_SCENARIOS:
        raise fields.wrong("scenarios", f"expected 1 to {MOST_SCENARIOS}, found {len(names)}")
    for number, name in enumerate(names):
        if name in names[:number]:
            raise fields.wrong(f"scenarios[{number}].name", f"{name!r} stands twice: rename one")


def _tool(fields: Fields) -> tuple[str, Mapping[str, object]]:
    name = reading.line(fields, "name")
    found: dict[str, object] = {"description": fields.text("description", "")}
    found["parameters"] = dict(fields.optional_table("parameters").items()) or {
        "type": "object",
        "properties": {},
    }
    _end(fields, OF_A_TOOL)
    return name, found


def _scenario(fields: Fields, system: str, known: Sequence[str]) -> Scenario:
    name = reading.slug(fields, "name")
    messages = tuple(_messages(fields, system))
    tools = fields.texts("tools", known)
    for number, tool in enumerate(tools):
        if tool not in known:
            raise fields.wrong(f"tools[{number}]", f"no tool is called {tool!r}{near(tool, known)}")
    accept = None
    if "accept" in fields:
        accept = tuple(map(_accepted, fields.tables("accept")))
    _end(fields, OF_A_SCENARIO)
    return Scenario(name=name, messages=messages, tools=tools, accept=accept)


def _messages(fields: Fields, system: str) -> Iterator[Message]:
    """What is said, the suite's own system message first."""
    if system:
        yield Message(role="system", content=system)
    if fields.one_of(("user", "messages")) == "user":
        yield Message(role="user", content=_spoken(fields, "user"))
        return
    for one in fields.tables("messages"):
        yield Message(role=one.choice("role", ROLES), content=_spoken(one, "content"))
        _end(one, ("role", "content"))


def _spoken(fields: Fields, name: str) -> str:
    """A text whose places are known ones."""
    text = fields.filled(name)
    for word in BRACES.findall(text):
        if word not in PLACES:
            places = ", ".join(f"{{{place}}}" for place in PLACES)
            said = f"there is no place {{{word}}}{near(word, PLACES)}; places are {places}"
            raise fields.wrong(name, said)
    return text


def _accepted(fields: Fields) -> Accepted:
    name = reading.line(fields, "name")
    arguments = None
    if "arguments" in fields:
        table = fields.table("arguments")
        arguments = {key: _argument(table, key, value) for key, value in table.items()}
    _end(fields, ("name", "arguments"))
    return Accepted(name=name, arguments=arguments)


def _argument(table: Fields, key: str, value: object) -> object:
    """A value as it is, or the pattern of `{ pattern = "…" }`."""
    if not (isinstance(value, dict) and value.keys() == {"pattern"}):
        return value
    text = value["pattern"]
    try:
        re.compile(text)
    except (re.error, TypeError, RecursionError, OverflowError) as error:
        raise table.wrong(f"{key}.pattern", f"not a regular expression: {error}") from None
    return Pattern(text=text)


def _values(fields: Fields, year: int) -> dict[str, tuple[str, ...]]:
    """What may stand at each place, the baseline's first."""
    found = {"date": _days(fields, year)}
    for plural, place in list(DIMENSIONS.items())[1:]:
        held = fields.texts(plural, ())
        if len(held) > MOST_VALUES:
            raise fields.wrong(plural, f"expected at most {MOST_VALUES}, found {len(held)}")
        found[place] = tuple(dict.fromkeys(held))
    _end(fields, tuple(DIMENSIONS))
    return found


def _days(fields: Fields, year: int) -> tuple[str, ...]:
    """The days of a window, or those that are listed; all of `year` where nothing is said."""
    if "dates" not in fields:
        return days(date(year, 1, 1), date(year, 12, 31))
    if not fields.holds("dates", dict):
        return tuple(dict.fromkeys(fields.texts("dates")))
    window = fields.table("dates")
    first, last = window.day("from"), window.day("to")
    if first is None or last is None:
        raise window.wrong("from" if first is None else "to", "missing: expected a date")
    _end(window, ("from", "to"))
    count = (last - first).days + 1
    if not 1 <= count <= MOST_DAYS:
        said = f"expected a window of 1 to {MOST_DAYS} days, found {count}"
        raise fields.wrong("dates", said)
    return days(first.date(), last.date())


def _phrases(fields: Fields) -> dict[str, str]:
    """How a circumstance is spoken of, by its place: ` Path: {}.`"""
    found = {}
    for place, text in list(fields.items()):
        if place not in PLACES:
            raise fields.wrong(place, f"unknown key{near(place, PLACES)}")
        if not isinstance(text, str) or text.count(VALUE) != 1 or PLACE.search(text):
            raise fields.wrong(place, f"expected a text with one {VALUE} in it, found {text!r:.80}")
        found[place] = text
    return found


def near(word: str, known: Sequence[str]) -> str:
    """Which of the known words may be meant, or nothing."""
    found = get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _end(fields: Fields, known: Sequence[str]) -> None:
    """Nothing is left: an unknown name is an error, with the name that may be meant."""
    for name, _ in fields.items():
        raise fields.wrong(name[:80], f"unknown key{near(name, known)}")
