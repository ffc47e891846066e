"""Conditions in a chat template that wait for something: wording in a message, or a date.

A template that only formats looks at roles, types and markup. One that looks for words and then
adds text of its own speaks to the model behind the back of whoever wrote the messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes

from provenance.formats.template_flow import Flow, descendants, key_of, speaks, tells_date

LETTER = r"[^\W\d_]"
MARKUP = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\}")
# Each match begins where a word does and gives nothing back: time stays linear in the text.
WORDS = re.compile(rf"(?<!{LETTER}){LETTER}{{2,}}+\s++{LETTER}{{2}}")
LETTERS = re.compile(rf"(?<![/\w]){LETTER}{{3}}")
PROSE = re.compile(rf"(?<!{LETTER})(?:{LETTER}++[^\w\n]++){{7}}{LETTER}")
FINDERS = frozenset({"startswith", "endswith", "find", "rfind", "index", "rindex", "count"})
FINDERS_AND_SPLITS = FINDERS | {"split", "rsplit", "partition", "rpartition"}
EQUALITIES = frozenset({"eq", "equalto", "==", "ne", "!=", "in", "sameas"})


def triggers(node: nodes.Node, flow: Flow) -> Iterator[str]:
    """What `node` waits for, if it is a condition or a search."""
    for wanted in _sought(node, flow):
        if WORDS.search(MARKUP.sub(" ", wanted)):
            yield f"waits for the words {wanted[:60]!r} in a message"
    if isinstance(node, nodes.Compare) and _is_dated(node, flow):
        yield "decides by the date"
    if isinstance(node, nodes.If | nodes.CondExpr):
        yield from _adds(node, flow)


def _is_dated(node: nodes.Compare, flow: Flow) -> bool:
    return any(tells_date(child) or key_of(child) in flow.dated for child in descendants(node))


def _adds(node: nodes.If | nodes.CondExpr, flow: Flow) -> Iterator[str]:
    sought = (text for child in descendants(node.test) for text in _sought(child, flow))
    wanted = next((text for text in sought if LETTERS.search(MARKUP.sub(" ", text))), None)
    if wanted is not None and any(PROSE.search(text) for text in _said(_branches(node))):
        yield f"adds text of its own depending on {wanted[:60]!r} in a message"


def _branches(node: nodes.If | nodes.CondExpr) -> list[nodes.Node]:
    if isinstance(node, nodes.If):
        return [*node.body, *node.elif_, *node.else_]
    return [node.expr1] if node.expr2 is None else [node.expr1, node.expr2]


def _said(roots: list[nodes.Node]) -> Iterator[str]:
    stack = list(roots)
    while stack:
        match node := stack.pop():
            case nodes.Call(node=nodes.Name(name="raise_exception")):
                continue
            case nodes.TemplateData(data=str(text)) | nodes.Const(value=str(text)):
                yield MARKUP.sub(" ", text)
        stack.extend(node.iter_child_nodes())


def _sought(node: nodes.Node, flow: Flow) -> Iterator[str]:
    """The texts that `node` looks for in what a message says."""
    match node:
        case nodes.Compare(expr=left, ops=[nodes.Operand(expr=right), *_]):
            if _is_spoken(right, flow):
                yield from _texts(left, flow)
            if _is_spoken(left, flow):
                yield from _texts(right, flow)
        case nodes.Call(node=nodes.Getattr(node=base, attr=attr), args=[wanted, *_]):
            if attr in FINDERS_AND_SPLITS and _is_spoken(base, flow):
                yield from _texts(wanted, flow)
        case nodes.Test(node=base, name=name, args=[wanted, *_]):
            if name in EQUALITIES and _is_spoken(base, flow):
                yield from _texts(wanted, flow)


def _texts(node: nodes.Node, flow: Flow) -> Iterator[str]:
    match node:
        case nodes.Const(value=str(text)):
            yield text
        case nodes.List(items=items) | nodes.Tuple(items=items):
            for item in items:
                if isinstance(item, nodes.Const):
                    yield from _texts(item, flow)
        case nodes.Name(name=name):
            yield from flow.words.get(name, ())


def _is_spoken(node: nodes.Node, flow: Flow) -> bool:
    while True:
        if speaks(node) or key_of(node) in flow.spoken:
            return True
        match node:
            case nodes.Filter(node=nodes.Node() as node):
                continue
            case nodes.Call(node=nodes.Getattr(node=node)):
                continue
            case nodes.Getitem(arg=nodes.Const(value=str())):
                return False
            case nodes.Getitem(node=node):
                continue
        return False
