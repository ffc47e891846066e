"""What a YAML text holds for those who are not strict: every key, text and tag, and no object made.

Configurations of speech and diffusion libraries use tags and aliases that a strict reader refuses.
This one follows the parser's events: nothing is constructed, no alias is expanded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from provenance.errors import Malformed
from provenance.formats import yaml

MAX_DEPTH = 64
MAX_EVENTS = 400_000
MERGE = "<<"
MAX_TAGS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One explicit tag, written out whole, with the text it stands before and its line from 1."""

    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One mapping: the keys that lead to it, and its keys with the texts that they hold.

    A key stands as often as it is written; what holds no text has None. `reused` says that it has
    an anchor, or lies in what has one: then it may stand behind any other key as well.
    """

    path: tuple[str, ...]
    pairs: tuple[tuple[str, str | None], ...]
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The tags and mappings of all documents of a text, in no particular order."""

    tags: tuple[Tag, ...]
    tables: tuple[Table, ...]


@dataclass(slots=True, kw_only=True)
class _Open:
    """A mapping or sequence that has begun; `key` is the key that waits for its value."""

    path: tuple[str, ...]
    mapping: bool
    reused: bool = False
    pairs: list[tuple[str, str | None]] = field(default_factory=list)
    key: str | None = None

    def take(self, text: str | None) -> None:
        """A node has come: a key, or the value of the last one."""
        if not self.mapping:
            return
        if self.key is None:
            self.key = text or ""
        else:
            self.pairs.append((self.key, text))
            self.key = None


def outline(data: bytes) -> Outline:
    """What the events of a UTF-8 text tell; Malformed if it is no YAML or too much of it."""
    tags: list[Tag] = []
    tables: list[Table] = []
    stack: list[_Open] = [_Open(path=(), mapping=False)]
    anchors: dict[str, str] = {}
    for count, event in enumerate(yaml.events(data)):
        if count > MAX_EVENTS or len(tags) > MAX_TAGS:
            raise Malformed("more YAML than is read", slug="limit")
        if event.tag:
            tags.append(Tag(name=event.tag, text=event.text or "", line=event.line))
        match event.kind:
            case "scalar":
                anchors |= {event.anchor: event.text or ""} if event.anchor else {}
                stack[-1].take(event.text)
            case "alias":
                stack[-1].take(anchors.get(event.anchor))
            case "mapping" | "sequence":
                _begin(stack, event)
            case "end":
                closed = stack.pop()
                if closed.mapping:
                    pairs = tuple(closed.pairs)
                    tables.append(Table(path=closed.path, pairs=pairs, reused=closed.reused))
    return Outline(tags=tuple(tags), tables=tuple(tables))


def _begin(stack: list[_Open], event: yaml.Event) -> None:
    outer = stack[-1]
    # What `<<` brings stands where it is merged.
    path = outer.path if outer.key in (None, MERGE) else (*outer.path, outer.key)
    if len(stack) > MAX_DEPTH:
        raise Malformed("nested too deep")
    outer.take(None)
    reused = outer.reused or bool(event.anchor)
    stack.append(_Open(path=path, mapping=event.kind == "mapping", reused=reused))
