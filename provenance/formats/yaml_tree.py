"""A YAML text as its nodes, put together from the parser's events: nothing is constructed.

An alias is the very node that it repeats, so that whoever walks meets it wherever it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.formats.outline import MERGE

MAX_EVENTS = 400_000
MAX_NODES = 100_000
NONE = frozenset({"", "~", "null", "Null", "NULL"})
TRUE, FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """A scalar with its `text`, a sequence of `items`, or a mapping: keys and values in turn.

    `plain` says that a scalar has no quotes, so that it may be none or a truth value.
    """

    kind: str
    text: str = ""
    tag: str = ""
    plain: bool = False
    items: list[Node] = field(default_factory=list)

    @property
    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """The keys of a mapping, as often as they stand there, with their values."""
        return zip(self.items[::2], self.items[1::2], strict=False)

    @property
    def merged(self) -> Iterator[tuple[str, Node]]:
        """The pairs of a mapping by the texts of their keys; of `<<` each mapping under its name,
        whose pairs stand here too."""
        for key, value in self.pairs:
            if key.kind == "scalar" and key.text == MERGE:
                for one in value.items if value.kind == "sequence" else [value]:
                    yield MERGE, one
            else:
                yield key.text, value


def trees(data: bytes) -> list[Node]:
    """The documents of a UTF-8 text; Malformed if it is no YAML or too much of it."""
    top = Node(kind="sequence")
    stack, anchors = [top], dict[str, Node]()
    for count, event in enumerate(yaml.events(data)):
        if count > MAX_EVENTS:
            raise Malformed("more YAML than is read", slug="limit")
        if event.kind == "end":
            stack.pop()
            continue
        node = anchors.get(event.anchor) if event.kind == "alias" else _node(event)
        if node is None:
            raise Malformed(f"the alias {event.anchor[:80]!r} has no anchor")
        stack[-1].items.append(node)
        if event.kind != "alias":
            anchors |= {event.anchor: node} if event.anchor else {}
            stack += [node] if node.kind != "scalar" else []
    return top.items


def _node(event: yaml.Event) -> Node:
    plain = event.kind == "scalar" and not event.style and not event.tag
    return Node(kind=event.kind, text=event.text or "", tag=event.tag, plain=plain)


def documents(data: bytes) -> tuple[object, ...]:
    """The values of all documents, what an alias repeats in full: tables, lists, texts, None, bool.

    Malformed for a key that stands twice, for what is nested deeper than 64, and for more than
    100,000 values.
    """
    budget = iter(range(MAX_NODES))
    return tuple(_value(tree, budget, 0) for tree in trees(data))


def value(data: bytes) -> object:
    """The value of the one document of a text; None for none, Malformed for several."""
    found = documents(data)
    if len(found) > 1:
        raise Malformed(f"{len(found)} documents, expected one")
    return found[0] if found else None


def _value(node: Node, budget: Iterator[int], depth: int) -> object:
    if next(budget, None) is None:
        raise Malformed(f"more than {MAX_NODES} values", slug="limit")
    if depth > yaml.MAX_DEPTH:
        raise Malformed("nested too deep")
    if node.kind == "sequence":
        return [_value(item, budget, depth + 1) for item in node.items]
    if node.kind == "mapping":
        return _table(node, budget, depth)
    if node.plain and node.text in NONE:
        return None
    return node.text in TRUE if node.plain and node.text in TRUE | FALSE else node.text


def _table(node: Node, budget: Iterator[int], depth: int) -> dict[object, object]:
    """The pairs of a mapping; what is merged into it stands behind its own."""
    table: dict[object, object] = {}
    merged: dict[object, object] = {}
    for key, held in node.merged:
        found = _value(held, budget, depth + 1)
        if key == MERGE:
            merged = (found if isinstance(found, dict) else {}) | merged
        elif key in table:
            raise Malformed(f"the key {key[:80]!r} stands twice", slug="duplicate-key")
        else:
            table[key] = found
    return merged | table
