"""A YAML text as nodes that know their place in it: nothing is constructed or expanded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.formats.yaml import Event

MAX_DEPTH = 64
MAX_EVENTS = 400_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text of a document."""

    event: Event

    @property
    def text(self) -> str:
        """The text as YAML reads it."""
        return self.event.text or ""


@dataclass(slots=True)
class Many:
    """A mapping or a sequence; of a mapping, keys and values in turn."""

    event: Event
    items: list[Node] = field(default_factory=list)

    @property
    def is_mapping(self) -> bool:
        """Whether keys lead to values."""
        return self.event.kind == "mapping"

    @property
    def pairs(self) -> list[tuple[Scalar, Node]]:
        """The keys that are texts, with their values."""
        if not self.is_mapping:
            return []
        keys, values = self.items[::2], self.items[1::2]
        both = zip(keys, values, strict=False)
        return [(key, value) for key, value in both if isinstance(key, Scalar)]

    def value(self, key: str) -> Node | None:
        """What the first such key leads to."""
        return next((value for own, value in self.pairs if own.text == key), None)

    def text(self, key: str) -> str:
        """The text that a key leads to; empty where it is none."""
        found = self.value(key)
        return found.text if isinstance(found, Scalar) else ""


Node = Scalar | Many


def nodes(data: bytes) -> list[Node]:
    """The documents of a text in UTF-8, or Malformed."""
    top = Many(Event(kind="sequence"))
    stack = [top]
    anchors: dict[str, Event] = {}
    for count, event in enumerate(yaml.events(data)):
        if count > MAX_EVENTS or len(stack) > MAX_DEPTH:
            raise Malformed("more YAML than is read, or nested too deep", slug="limit")
        if event.kind == "end":
            stack.pop()
        elif event.kind in ("mapping", "sequence"):
            inner = Many(event)
            stack[-1].items.append(inner)
            stack.append(inner)
        else:
            stack[-1].items.append(Scalar(_followed(event, anchors)))
    return top.items


def _followed(event: Event, anchors: dict[str, Event]) -> Event:
    """A scalar, or in an alias's place the text that it stands for, without a place to edit."""
    if event.kind == "scalar":
        anchors |= {event.anchor: event} if event.anchor else {}
        return event
    known = anchors.get(event.anchor)
    return Event(kind="alias", text=known.text if known else "", line=event.line)


def outside(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[str, str, str | None]]:
    """The events of a text without those that lie within one of the spans; of a scalar that only
    touches one the text is None. Malformed."""
    found: list[tuple[str, str, str | None]] = []
    for event in yaml.events(text.encode()):
        scalar = event.kind == "scalar"
        if scalar and any(start <= event.start and event.end <= end for start, end in spans):
            continue
        touched = scalar and any(event.start <= end and start <= event.end for start, end in spans)
        found.append((event.kind, event.tag + event.anchor, None if touched else event.text))
    return found
