"""Conditions in a chat template that wait for something: wording in a message, a length, a date.

A template that only formats looks at roles, types and markup. One that looks for words and then
adds text of its own speaks to the model behind the back of whoever wrote the messages. What is
compared and cannot be followed is said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes

from provenance.formats.template.allowed import UNFOLLOWED, words
from provenance.formats.template.flow import Flow, asks_length, is_many, reckons
from provenance.formats.template.values import (
    CONTENT,
    NUMERIC_FILTERS,
    NUMERIC_METHODS,
    assembles,
    descendants,
    is_whole,
    key_of,
    measured,
    retells,
    sources,
    speaks,
    tells_date,
    texts,
)

LETTER = r"[^\W\d_]"
MARKUP = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\}")
FENCED = re.compile(r"<\|[^<>]*\|>.*<\|[^<>]*\|>", re.DOTALL)
WORDING = re.compile(r"(?<!\\)[^\W_]")
LETTERS = re.compile(rf"(?<![/\w]){LETTER}{{3}}")
UNSPACED = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"  # scripts that put no space between words
# Each match begins where a word does and gives nothing back: time stays linear in the text.
PROSE = re.compile(rf"(?<!{LETTER})(?:{LETTER}++[^\w\n]++){{7}}{LETTER}")
PHRASE = re.compile(rf"(?<!{LETTER})(?:{LETTER}++[^\w\n]++){{2}}{LETTER}|{UNSPACED}{{4}}")
OF_TOOLS = re.compile(r"tool|function|call|json|schema|api|\bpython\b|browser", re.IGNORECASE)
TOOLS = re.compile(r"(?:.*_)?(?:tools?|functions?)(?:_.*)?")
SWITCHES = words("/think /no_think /nothink /no_thinking /system_override")
KEYS = SWITCHES | words(
    "audio audio_url content image image_url input_audio reasoning_content text tool_call_id"
    " tool_calls video video_url"
)
"""What formatting looks for: keys and kinds of parts of a message, switches that users type."""

FINDERS = words(
    "startswith endswith find rfind index rindex count split rsplit partition rpartition replace"
    " removeprefix removesuffix get strip lstrip rstrip"
)
HARMLESS_TESTS = words(
    "defined undefined none string mapping sequence iterable boolean true false number integer"
    " float odd even divisibleby escaped"
)
SELECTING = words("select reject selectattr rejectattr replace")
ORDERING = words("max min sort unique")
SIZED = words("batch center indent round slice truncate wordwrap")


def triggers(node: nodes.Node, flow: Flow) -> Iterator[str]:
    """What `node` waits for, if it is a condition or a search."""
    for wanted in _sought(node, flow):
        if _is_wording(wanted):
            yield f"waits for the words {wanted[:60]!r} in a message"
    if _is_unclear(node, flow):
        yield f"{UNFOLLOWED}: compares what a message says with text put together"
    if _decides_by_date(node, flow):
        yield "decides by the date"
    if phrase := _opaque(node, flow):
        yield f"{UNFOLLOWED}: {phrase}"
    for test, branches in _choices(node):
        yield from _adds(test, branches, flow)


def _opaque(node: nodes.Node, flow: Flow) -> str:
    """How `node` may decide by what messages say, or how many there are, in a way of its own."""
    match node:
        case nodes.Pair(key=key) if _is_spoken(key, flow):
            return "a table by what a message says"
        case nodes.Filter(name="int" | "float", node=nodes.Node() as base):
            return "a number made of what a message says" if _is_spoken(base, flow) else ""
        case nodes.Filter(name="batch" | "slice", node=base):
            return "messages dealt out by a number" if is_whole(base, flow.whole) else ""
    return ""


def _choices(node: nodes.Node) -> Iterator[tuple[nodes.Node, list[nodes.Node]]]:
    """What decides in `node`, and what may come of it."""
    match node:
        case nodes.If(test=test, body=body, elif_=others, else_=last):
            yield test, [*body, *others, *last]
        case nodes.CondExpr(test=test, expr1=first, expr2=second):
            yield test, [first] if second is None else [first, second]
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            yield left, [right]
        case nodes.Getitem(node=table, arg=nodes.Compare() | nodes.Not() | nodes.Test() as test):
            yield test, [table]
        case nodes.For(iter=nodes.Getitem() as some, body=body):
            yield some, body


def _is_wording(text: str) -> bool:
    """Whether a text that is looked for is language, and neither markup nor a key."""
    bare = MARKUP.sub(" ", text)
    fenced = FENCED.fullmatch(text.strip()) is not None
    return not fenced and bare.strip() not in KEYS and WORDING.search(bare) is not None


def _decides_by_date(node: nodes.Node, flow: Flow) -> bool:
    match node:
        case nodes.Compare():
            return _is_dated(flow, *descendants(node))
        case nodes.Test(name=name, node=base, args=args):
            asked = [base, *args] if name not in HARMLESS_TESTS else []
            return _is_dated(flow, *(child for root in asked for child in descendants(root)))
        case nodes.Getitem(arg=argument):
            return _is_dated(flow, *measured(argument))
        case nodes.Mul(left=left, right=right):
            return _is_dated(flow, *measured(left, right))
        case nodes.Call(node=nodes.Getattr(node=base, attr=attr), args=args):
            return attr in FINDERS and _is_dated(flow, *sources(base, *args))
        case nodes.Filter(name=name, args=args) if name in SIZED:
            return _is_dated(flow, *measured(*args))
        case nodes.Filter(name=name, node=nodes.Node() as base, args=args):
            return name in SELECTING and _is_dated(flow, *sources(base, *args))
        case nodes.If(test=test) | nodes.CondExpr(test=test):
            every = descendants(test)
            return any(key_of(n) in flow.reckoned or reckons(n, flow.dated) for n in every)
    return False


def _is_dated(flow: Flow, *found: nodes.Node) -> bool:
    return any(tells_date(node) or key_of(node) in flow.dated for node in found)


def _adds(test: nodes.Node, branches: list[nodes.Node], flow: Flow) -> Iterator[str]:
    """Text of the template's own in a branch, by what it depends on."""
    said = list(_said(branches, flow))
    if not any(PHRASE.search(text) for text in said):
        return
    below = list(descendants(test))
    sought = (text.strip() or text for child in below for text in _sought(child, flow))
    wanted = [text for text in sought if text and text not in SWITCHES]
    prose = any(PROSE.search(text) for text in said)
    if wanted and prose:
        yield f"adds text of its own depending on {wanted[0][:60]!r} in a message"
    if any(_asks_length(child, flow) for child in below):
        yield "adds text of its own depending on a length or a count"
    if not prose:
        return
    named = any(map(_is_name_of_tool, below))
    texts_asked = (t for child in below for t in _asked(child) if named)
    asked = next((t for t in texts_asked if t != "name" and _is_wording(t)), None)
    if asked is not None:
        yield f"adds text of its own depending on the tool or name {asked[:60]!r}"
    elif any(map(_names_tools, below)) and not any(OF_TOOLS.search(text) for text in said):
        yield "adds text that does not speak of tools where there are tools"


def _asked(node: nodes.Node) -> Iterator[str]:
    """The texts that a comparison names, beside the kinds that tools have."""
    if isinstance(node, nodes.Compare | nodes.Test):
        yield from texts(*node.iter_child_nodes())


def _names_tools(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and TOOLS.fullmatch(node.name) is not None


def _is_name_of_tool(node: nodes.Node) -> bool:
    """Whether it is the name of something, or all that is known of tools as text."""
    match node:
        case nodes.Filter(name="map", kwargs=keywords):
            values = [k.value for k in keywords if isinstance(k, nodes.Keyword)]
            return any(isinstance(v, nodes.Const) and v.value == "name" for v in values)
        case nodes.Filter(name="string" | "tojson"):
            return True
    return key_of(node) in {".name", ".description"}


def _asks_length(node: nodes.Node, flow: Flow) -> bool:
    """Whether it is decided by a length or a count, or by whether there is some later message."""
    match node:
        case nodes.Getitem(node=base, arg=nodes.Slice(start=nodes.Node() as first)):
            return is_many(first) and is_whole(base, flow.whole)
        case nodes.Getitem(node=base, arg=argument):
            return is_many(argument) and is_whole(base, flow.whole)
    return key_of(node) in flow.lengths or asks_length(node, flow.counted | flow.numbers)


def _said(roots: list[nodes.Node], flow: Flow) -> Iterator[str]:
    """The texts of the branches, and those of the names that they put out."""
    stack = list(roots)
    while stack:
        match node := stack.pop():
            case nodes.Call(node=nodes.Name(name="raise_exception")):
                continue
            case nodes.Filter(name="join", node=nodes.List() as words):
                yield " ".join(texts(words))
            case nodes.TemplateData(data=str(text)) | nodes.Const(value=str(text)):
                yield MARKUP.sub(" ", text)
            case nodes.Name(name=name, ctx="load"):
                yield from (MARKUP.sub(" ", text) for text in flow.words.get(name, ()))
        stack.extend(node.iter_child_nodes())


Sides = tuple[nodes.Node, nodes.Node]


def _sides(node: nodes.Node) -> Iterator[Sides]:
    """The two sides of each comparison and search that `node` itself makes."""
    match node:
        case nodes.Compare(expr=left, ops=operands):
            for operand in operands:
                yield left, operand.expr
                left = operand.expr
        case nodes.Call(node=nodes.Getattr(node=base, attr=attr), args=[wanted, *_]):
            if attr in FINDERS:
                yield base, wanted
        case nodes.Test(node=base, name=name, args=[wanted, *_]):
            if name not in HARMLESS_TESTS:
                yield base, wanted
        case nodes.Filter(node=nodes.Node() as base, name=name, args=[first, *rest]):
            if name in SELECTING:
                by_key = name in {"selectattr", "rejectattr"}
                other = first if name == "replace" or not rest else rest[-1]
                yield nodes.Getitem(base, first, "load") if by_key else base, other
        case nodes.Filter(node=nodes.List() as several, name=name) if name in ORDERING:
            yield several, several
        case nodes.Getitem(node=base, arg=argument):
            if not isinstance(argument, nodes.Const | nodes.Slice):
                yield argument, base


def _sought(node: nodes.Node, flow: Flow) -> Iterator[str]:
    """The texts that `node` looks for in what a message says."""
    for left, right in _sides(node):
        if _is_spoken(left, flow):
            yield from _known(right, flow)
        if _is_spoken(right, flow):
            yield from _known(left, flow)
        for whole, other in ((left, right), (right, left)):
            if is_whole(whole, flow.whole):
                yield from _of_content(other)


def _of_content(node: nodes.Node) -> Iterator[str]:
    """The texts that stand for what a message says in messages written out."""
    for pair in descendants(node):
        match pair:
            case nodes.Pair(key=nodes.Const(value=str(key)), value=value) if CONTENT.fullmatch(key):
                yield from texts(value)


def _known(node: nodes.Node, flow: Flow) -> Iterator[str]:
    yield from texts(node)
    for name in map(key_of, sources(node)):
        yield from flow.words.get(name or "", ())


def _is_unclear(node: nodes.Node, flow: Flow) -> bool:
    """Whether what a message says is compared with text that is put together at run time."""
    for left, right in _sides(node):
        for said, other in ((left, right), (right, left)):
            if _is_spoken(said, flow) and not _is_spoken(other, flow):
                made = [n for n in sources(other) if assembles(n) and not _is_token(n)]
                if made and not any(map(_is_wording, _known(other, flow))) and _computes(made):
                    return True
    return False


def _computes(made: list[nodes.Node]) -> bool:
    return any(not isinstance(n, nodes.Const | nodes.TemplateData | nodes.Getitem) for n in made)


def _is_token(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name)


def _is_content(name: str, flow: Flow) -> bool:
    """Whether a name stands for the key under which a message has what it says."""
    return any(CONTENT.fullmatch(text) for text in flow.words.get(name, ()))


def _is_spoken(node: nodes.Node, flow: Flow) -> bool:
    """Whether the value is, or holds, what a message says, and not one of its other keys."""
    stack = [node]
    while stack:
        node = stack.pop()
        if speaks(node) or key_of(node) in flow.spoken or retells(node, flow.whole):
            return True
        match node:
            case nodes.Filter(name=name, node=nodes.Node() as base):
                stack += [] if name in NUMERIC_FILTERS else [base]
            case nodes.Call(node=nodes.Getattr(node=base, attr=attr), args=args):
                stack += [] if attr in NUMERIC_METHODS else [base, *args]
            case nodes.Getitem(arg=nodes.Const(value=str())) | nodes.Getattr():
                continue
            case nodes.Getitem(arg=nodes.Name(name=key)) if _is_content(key, flow):
                return True
            case nodes.Getitem(node=base):
                stack.append(base)
            case nodes.Compare() | nodes.Test() | nodes.Not():
                continue
            case nodes.CondExpr(expr1=first, expr2=second):
                stack += [first] if second is None else [first, second]
            case nodes.Call(node=nodes.Name() as macro, args=args):
                stack += [macro, *args]
            case _:
                stack += node.iter_child_nodes()
    return False
