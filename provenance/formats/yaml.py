"""YAML, strictly: the front matter of a model card, recipes. The one door to PyYAML.

Refused beyond the grammar: aliases (what they expand to is not what is seen), tags, duplicate
keys, deep nesting, and more than 1 MiB.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from provenance.errors import Malformed

MAX_SIZE = 1 << 20
MAX_DEPTH = 64
PLAIN = "tag:yaml.org,2002:"
FENCE = re.compile(r"[\ufeff\s]*---[ \t]*\n")
END = re.compile(r"\n---[ \t]*(?:\n|\Z)")
DOTS = re.compile(r"\n\.\.\.[ \t]*(?:\n|\Z)")
# libyaml, where PyYAML was built with it, takes a twentieth of the time for the same events.
PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KEY = re.compile(r"\s*[\w-]+[ \t]*:(?:\s|\Z)")
BREAKS = re.compile(rb"\r\n?")


class _Strict(Composer, SafeConstructor, Resolver):
    """PyYAML's safe loader, without what makes one text mean two things."""

    check_event: Callable[[type[yaml.Event]], bool]
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise Malformed("an alias (*name)", slug="alias")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Malformed("nested too deep")
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        if node is not None and not node.tag.startswith(PLAIN):
            raise Malformed(f"a tag ({node.tag!r:.80})", slug="tag")
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Malformed("a key that is not plain text")
            if key.value in seen:
                raise Malformed(f"the key {key.value[:80]!r} stands twice", slug="duplicate-key")
            seen.add(key.value)
        table: dict[object, object] = super().construct_mapping(node, deep=deep)
        return table


def _begin(loader: Any, stream: str) -> None:
    """Both halves of a loader, made ready for a text."""
    Composer.__init__(loader)
    PARSER.__init__(loader, stream)


LOADER = type("_StrictLoader", (_Strict, PARSER), {"__init__": _begin})
"""What composes nodes here, out of the events of the fastest parser there is."""


def loads(data: bytes) -> object:
    """The value of one YAML document in UTF-8, or Malformed."""
    values = documents(data)
    if len(values) > 1:
        raise Malformed(f"{len(values)} documents, expected one")
    return values[0] if values else None


def documents(data: bytes) -> tuple[object, ...]:
    """The values of all YAML documents of a text in UTF-8, or Malformed."""
    if len(data) > MAX_SIZE:
        raise Malformed(f"{len(data)} bytes of YAML, at most {MAX_SIZE} are read", slug="limit")
    try:
        return tuple(yaml.load_all(data.decode("utf-8"), Loader=LOADER))
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise Malformed("nested too deep") from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        raise Malformed(f"not YAML{_place(error)}") from None


def _place(error: Exception) -> str:
    """Where reading stopped, if the parser says so."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ": a value is none"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of the parser: `scalar`, `alias`, `mapping`, `sequence` or `end`.

    `tag` is one that stands in the text, written out whole; `line` counts from 1. `start` and `end`
    are characters of the text behind its byte order mark, quotes within; `style` is what a scalar
    begins with ('"', "'", "|", ">", or nothing) and "[" or "{" for what stands in brackets.
    """

    kind: str
    text: str | None = None
    tag: str = ""
    anchor: str = ""
    line: int = 1
    start: int = 0
    end: int = 0
    style: str = ""


def events(data: bytes) -> Iterator[Event]:
    """The events of all documents of a text in UTF-8, or Malformed; nothing is constructed."""
    if len(data) > MAX_SIZE:
        raise Malformed(f"{len(data)} bytes of YAML, at most {MAX_SIZE} are read", slug="limit")
    try:
        for event in yaml.parse(data.decode("utf-8"), Loader=PARSER):
            if found := _event(event):
                yield found
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Malformed(f"not YAML: {' '.join(str(error).split())[:200]}") from None


def _event(event: yaml.Event) -> Event | None:
    first, last = event.start_mark, event.end_mark
    line = first.line + 1 if first else 1
    start, end = first.index if first else 0, last.index if last else 0
    match event:
        case yaml.ScalarEvent(value=text, tag=tag, anchor=anchor, style=style):
            words = (tag or "", anchor or "", line, start, end, style or "")
            return Event("scalar", text, *words)
        case yaml.AliasEvent(anchor=anchor):
            return Event("alias", None, "", anchor or "", line, start, end)
        case yaml.MappingStartEvent(tag=tag, anchor=anchor, flow_style=flow):
            words = (tag or "", anchor or "", line, start, end, "{" if flow else "")
            return Event("mapping", None, *words)
        case yaml.SequenceStartEvent(tag=tag, anchor=anchor, flow_style=flow):
            words = (tag or "", anchor or "", line, start, end, "[" if flow else "")
            return Event("sequence", None, *words)
        case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
            return Event("end", None, "", "", line, start, end)
    return None


def lines(data: bytes) -> bytes:
    """The same text with a line feed at the end of each line, whichever system wrote it."""
    return BREAKS.sub(b"\n", data)


def front_matter(data: bytes) -> dict[object, object] | None:
    """What stands between the first `---` of a card and the next one; None without it.

    It is found wherever huggingface_hub finds it: behind blank lines and a byte order mark, with
    line ends of any system. Malformed where it has no end, cannot be read, or is no table.
    """
    text = lines(data).decode("utf-8", "surrogateescape")
    found = fences(text)
    return table(text[found[0] : found[1]]) if found else None


def fences(text: str) -> tuple[int, int] | None:
    """Where front matter begins and ends in a text; Malformed where it begins and has no end.

    None without it: also where a rule stands first, and no key behind it.
    """
    start = FENCE.match(text)
    if start is None:
        return None
    first = start.end() - 1
    end = END.search(text, start.end()) or END.match(text, first) or DOTS.search(text, first)
    if end is None:
        if KEY.match(text, first):
            raise Malformed("front matter without an end")
        return None
    return first, end.start()


def table(text: str) -> dict[object, object]:
    """The table that a block of front matter holds; Malformed if it holds anything else."""
    value = loads(text.encode("utf-8", "surrogateescape"))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed("front matter that is not a table")
    return value
