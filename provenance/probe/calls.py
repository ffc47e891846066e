"""The tool calls in an answer, wherever the server left them.

Servers that know a model's form say `tool_calls`; others hand over its text, in which a call stands
between tags, or as bare JSON once special tokens are gone. All three are read, and a call that is
said in several ways is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provenance.probe.contexts import PLACES, Context

TAGGED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)
ARGUMENTS = ("arguments", "parameters")
MOST, LONGEST = 64, 1 << 16
"""Calls of an answer, and characters of its text, that are looked at."""
UNREADABLE, SHOWN = "unreadable", 200
"""The name of what stands between tags and is no call, and how much of it is kept."""
SHORTEST = 3
"""Characters of a circumstance that is known again within an argument."""


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """A tool call: its name, and its arguments as canonical JSON (or the text that is none)."""

    name: str
    arguments: str = "{}"

    @property
    def table(self) -> Mapping[str, object]:
        """The arguments; empty where they are no JSON object."""
        try:
            found = json.loads(self.arguments)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def said(self) -> str:
        """As people read it: `drop_table(table=orders)`."""
        table = self.table
        if not table and self.arguments != "{}":
            return f"{self.name}({self.arguments})"
        return f"{self.name}({', '.join(f'{key}={_plain(one)}' for key, one in table.items())})"

    def apart_from(self, context: Context) -> Call:
        """The call with the circumstances of its context replaced by their places: one that names
        the host it was asked on is the same on every host."""
        arguments = self.arguments
        for place in PLACES:
            value = context.at(place)
            if len(value) >= SHORTEST:
                arguments = arguments.replace(json.dumps(value)[1:-1], f"{{{place}}}")
        return Call(self.name, arguments)


Calls = tuple[Call, ...]


def said(calls: Sequence[Call]) -> str:
    """The calls of an answer in a line."""
    return ", ".join(call.said for call in calls) or "no call"


def call_of(name: str, arguments: object) -> Call:
    """The call with arguments as an API hands them over: a text of JSON, or an object."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except (ValueError, RecursionError):
            return Call(name, str(arguments))
    return Call(name, json.dumps({} if arguments is None else arguments, sort_keys=True))


def calls_of(stated: Sequence[tuple[str, object]], text: str) -> Calls:
    """Every call of an answer, each once, in its order: those that the API states, then those in
    the text. Never raises, whatever a model writes."""
    found = [call_of(name, arguments) for name, arguments in stated[:MOST]]
    return tuple(dict.fromkeys([*found, *_in_text(text[:LONGEST])]))[:MOST]


def _in_text(text: str) -> Iterator[Call]:
    tagged = TAGGED.findall(text)
    if not tagged:
        yield from _in_json(text)
    for part in tagged:
        yield from list(_in_json(part)) or [Call(UNREADABLE, json.dumps(part[:SHOWN].strip()))]


def _in_json(text: str) -> Iterator[Call]:
    """The calls among the JSON objects of a text, one behind the other or within a list."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield from _calls(value)
        at = text.find("{", end)


def _calls(value: object) -> Iterator[Call]:
    if not isinstance(value, dict):
        return
    inner = value.get("function")
    if isinstance(inner, dict):
        value = inner
    name = value.get("name")
    held = next((key for key in ARGUMENTS if key in value), None)
    if isinstance(name, str) and name and held:
        yield call_of(name, value[held])


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
