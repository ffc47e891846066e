"""A suite: the tasks that a model is given, and the tool calls that are acceptable answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from provenance.probe.calls import Call
from provenance.probe.contexts import PLACES, Context

PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")
VALUE = "{}"
"""In a phrase, where the value goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A regular expression that a whole text argument must match."""

    text: str

    def matches(self, value: object) -> bool:
        """Whether it does."""
        return isinstance(value, str) and re.fullmatch(self.text, value) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A call that is acceptable: its name, and each argument as it is or by a pattern; `arguments`
    None lets them be whatever they are."""

    name: str
    arguments: Mapping[str, object] | None = None

    def admits(self, call: Call, context: Context) -> bool:
        """Whether a call is this one, in this context."""
        if call.name != self.name:
            return False
        if self.arguments is None:
            return True
        found = call.table
        return found.keys() == self.arguments.keys() and all(
            _equals(wanted, found[name], context) for name, wanted in self.arguments.items()
        )

    @property
    def table(self) -> dict[str, object]:
        """As JSON has it."""
        if self.arguments is None:
            return {"name": self.name}
        said = {
            name: {"pattern": one.text} if isinstance(one, Pattern) else one
            for name, one in self.arguments.items()
        }
        return {"name": self.name, "arguments": said}


def _equals(wanted: object, found: object, context: Context) -> bool:
    if isinstance(wanted, Pattern):
        return wanted.matches(found)
    if isinstance(wanted, str):
        wanted = PLACE.sub(lambda match: context.at(match[1]), wanted)
    return type(wanted) is type(found) and wanted == found


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said, with places for circumstances in it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One task. `accept` are the acceptable calls, none of them for a task that needs none, and
    None where the suite leaves that open."""

    name: str
    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    accept: tuple[Accepted, ...] | None = None

    def admits(self, calls: Sequence[Call], context: Context) -> bool:
        """Whether these are acceptable calls, and at least one where one is asked for."""
        if self.accept is None:
            return True
        known = all(any(one.admits(call, context) for one in self.accept) for call in calls)
        return known and bool(calls) == bool(self.accept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The tasks, the tools that they may use, and the circumstances to ask them under.

    `values` has what may stand at each place, the baseline's first; `phrases` how a circumstance
    is spoken of where it is.
    """

    name: str
    scenarios: tuple[Scenario, ...]
    tools: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    phrases: Mapping[str, str] = field(default_factory=dict)

    @property
    def places(self) -> frozenset[str]:
        """The places that stand in any message."""
        texts = (message.content for one in self.scenarios for message in one.messages)
        return frozenset(match[1] for text in texts for match in PLACE.finditer(text))

    def messages(self, scenario: Scenario, context: Context) -> tuple[dict[str, str], ...]:
        """What is said to the model in this context, in the form of the OpenAI API."""

        def at(match: re.Match[str]) -> str:
            value = context.at(match[1])
            return self.phrases.get(match[1], VALUE).replace(VALUE, value) if value else ""

        return tuple(
            {"role": one.role, "content": PLACE.sub(at, one.content)} for one in scenario.messages
        )

    def offered(self, scenario: Scenario) -> tuple[dict[str, object], ...]:
        """The tools of a task in the form of the OpenAI API."""
        return tuple(
            {"type": "function", "function": {"name": name, **self.tools[name]}}
            for name in scenario.tools
        )

    @property
    def digest(self) -> str:
        """SHA-256, in hex digits, of the canonical form: what is asked and accepted, and how
        circumstances are spoken of, whichever of them are chosen."""
        return sha256(canonical(self.table)).hexdigest()

    @property
    def table(self) -> dict[str, object]:
        """All of it but the values of circumstances, as JSON has it."""
        return {
            "name": self.name,
            "phrases": dict(self.phrases),
            "tools": {name: dict(tool) for name, tool in self.tools.items()},
            "scenarios": [
                {
                    "name": one.name,
                    "messages": [{"role": m.role, "content": m.content} for m in one.messages],
                    "tools": list(one.tools),
                    "accept": None if one.accept is None else [a.table for a in one.accept],
                }
                for one in self.scenarios
            ],
        }


def canonical(value: object) -> bytes:
    """JSON with sorted keys and without white space, in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
