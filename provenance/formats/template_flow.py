"""Where the values of a Jinja template come from: which names hold what, by name and not by scope.

A name used in two scopes counts for both, so the answer errs towards "may hold".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from jinja2 import nodes

from provenance.formats.template_allowed import MADE

NUMERIC_FILTERS = frozenset({"abs", "count", "float", "int", "length", "round", "wordcount"})
NUMERIC_METHODS = frozenset({"count", "find", "index", "rfind", "rindex", "startswith", "endswith"})
JOINING_FILTERS = frozenset({"first", "format", "join", "last", "replace", "reverse", "string"})
JOINING_METHODS = frozenset(
    {"format", "join", "replace", "split", "rsplit", "partition", "rpartition", "splitlines"}
    | {"removeprefix", "removesuffix", "title", "capitalize", "swapcase", "center", "zfill"}
)
COUNTERS = frozenset({"index", "index0", "revindex", "revindex0", "length", "depth", "depth0"})
OPEN_ARGUMENTS = frozenset({"varargs", "kwargs"})
STORING_METHODS = frozenset({"append", "extend", "insert", "setdefault", "update"})
ARITHMETIC = (nodes.Add, nodes.Mul, nodes.Mod)
CONTENT = re.compile(
    r"(?:.*_)?(?:content|text|prompt|query|question|instruction|instructions|input|thinking)s?"
)
DATE = re.compile(
    r"(?:(?:.*_)?(?:date|today|now|datetime|timestamp|year|weekday)(?:_str|_string)?)"
)
WHOLE = frozenset({"messages", "message", "conversation", "history", "chat", "dialog", "turns"})
PICKING_FILTERS = frozenset(
    {"first", "last", "list", "reverse", "sort", "selectattr", "rejectattr"}
)
LISTING_METHODS = frozenset({"values", "items"})
READING_METHODS = frozenset({"get", "pop", "setdefault"})
COUNTING = frozenset({"count", "length", "wordcount"})

MAX_WORDS = 64

Bindings = list[tuple[tuple[str, ...], nodes.Node]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What the names of one template may hold; `.key` stands for that key of any namespace.

    `assembled`: text put together from pieces, or taken from the tokenizer's own special tokens.
    `spoken`: what a message says. `dated`: the date. `words`: the texts a name stands for.
    `whole`: a message or several. `counted`: how long something is. `numbers`: numbers alone.
    `looked_up`: what stands under a name that is known at run time alone.
    """

    macros: frozenset[str]
    stored: frozenset[str]
    assembled: frozenset[str]
    spoken: frozenset[str]
    dated: frozenset[str]
    words: dict[str, tuple[str, ...]]
    numbers: frozenset[str]
    looked_up: frozenset[str]
    whole: frozenset[str]
    counted: frozenset[str]


def descendants(*roots: nodes.Node) -> Iterator[nodes.Node]:
    """The nodes and everything below them, without recursion."""
    stack = list(roots)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.iter_child_nodes())


def flow_of(every: Iterable[nodes.Node]) -> Flow:
    """What the names of a template may hold, given all its nodes."""
    every = list(every)
    macros = {node.name: node for node in every if isinstance(node, nodes.Macro)}
    bindings = [pair for node in every for pair in _bindings(node, macros)]
    numbers, whole = _numbers(bindings), _whole(bindings)
    return Flow(
        macros=frozenset(macros),
        stored=frozenset(
            node.name for node in every if isinstance(node, nodes.Name) and node.ctx != "load"
        ),
        assembled=_spread(bindings, assembles),
        spoken=_spread(bindings, lambda node: speaks(node) or retells(node, whole)),
        dated=_spread(bindings, tells_date, measured),
        words=_words(bindings),
        numbers=numbers,
        looked_up=_spread(bindings, lambda node: looks_up(node, numbers)),
        whole=whole,
        counted=_spread(bindings, counts),
    )


def _whole(bindings: Bindings) -> frozenset[str]:
    """The names that stand for a message or several, and for nothing that one of them says."""
    return WHOLE | _spread(
        bindings, lambda n: isinstance(n, nodes.Name) and n.name in WHOLE, picked
    )


def picked(node: nodes.Node) -> Iterator[nodes.Node]:
    """The names of lists that the value is one of, or some of."""
    match node:
        case nodes.Filter(name=name, node=nodes.Node() as base) if name in PICKING_FILTERS:
            yield from picked(base)
        case nodes.Getitem(node=base, arg=argument):
            if not (isinstance(argument, nodes.Const) and isinstance(argument.value, str)):
                yield from picked(base)
        case nodes.CondExpr(expr1=first, expr2=second):
            yield from picked(first)
            if second:
                yield from picked(second)
        case nodes.Name():
            yield node


def is_whole(node: nodes.Node | None, whole: frozenset[str]) -> bool:
    """Whether the value is a message or several."""
    return node is not None and any(key_of(name) in whole for name in picked(node))


def retells(node: nodes.Node, whole: frozenset[str]) -> bool:
    """Whether the node makes text, or a list of texts, out of whole messages."""
    match node:
        case nodes.Filter(name=name, node=base):
            made = name not in PICKING_FILTERS | NUMERIC_FILTERS | {
                "map",
                "default",
                "d",
                "groupby",
            }
            return made and is_whole(base, whole)
        case nodes.Call(node=nodes.Getattr(node=base, attr=attr)):
            return attr in LISTING_METHODS and is_whole(base, whole)
        case nodes.Concat(nodes=parts):
            return any(is_whole(part, whole) for part in parts)
    return False


def counts(node: nodes.Node) -> bool:
    """Whether the node says how long or how many something is."""
    match node:
        case nodes.Filter(name=name):
            return name in COUNTING
        case nodes.Call(node=nodes.Getattr(attr=attr)):
            return attr in {"count", "__len__"}
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr):
            return attr in COUNTERS
    return False


def _numbers(bindings: Bindings) -> frozenset[str]:
    """The names that are given numbers alone."""
    given = frozenset(name for names, _ in bindings for name in names)
    others = [
        (names, nodes.Const(None) if len(names) > 1 or not is_number(value, given) else value)
        for names, value in bindings
    ]
    return given - _spread(others, lambda n: isinstance(n, nodes.Const) and n.value is None)


def is_number(node: nodes.Node, numbers: frozenset[str]) -> bool:
    """Whether the value can be nothing but a number, or is a range of them."""
    match node:
        case nodes.Const(value=value):
            return isinstance(value, int | float)
        case nodes.Sub() | nodes.Div() | nodes.FloorDiv():
            return True
        case nodes.Add(left=left, right=right) | nodes.Mul(left=left, right=right):
            return is_number(left, numbers) and is_number(right, numbers)
        case nodes.Mod(left=left) | nodes.Neg(node=left) | nodes.Pos(node=left):
            return is_number(left, numbers)
        case nodes.Filter(name=name):
            return name in NUMERIC_FILTERS
        case nodes.Call(node=nodes.Name(name="range")):
            return True
        case nodes.Call(node=nodes.Getattr(attr=attr)):
            return attr in NUMERIC_METHODS
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr):
            return attr in COUNTERS
        case nodes.CondExpr(expr1=first, expr2=second):
            return is_number(first, numbers) and (second is None or is_number(second, numbers))
    return (key_of(node) or "") in numbers


def looks_up(node: nodes.Node, numbers: frozenset[str]) -> bool:
    """Whether the node takes an item by a name that is known at run time alone."""
    if not isinstance(node, nodes.Getitem):
        return False
    fixed = isinstance(node.arg, nodes.Const | nodes.Slice)
    return not fixed and not is_number(node.arg, numbers)


def key_of(node: nodes.Node) -> str | None:
    """The key of a name, or of an attribute of anything."""
    match node:
        case nodes.NSRef(attr=attr) | nodes.Getattr(attr=attr):
            return f".{attr}"
        case nodes.Getitem(arg=nodes.Const(value=str(key))):
            return f".{key}"
        case nodes.Name(name=str(name)):
            return name
    return None


def sources(*roots: nodes.Node) -> Iterator[nodes.Node]:
    """The nodes whose value may end up in that of `roots`: no conditions, no counts, no keys."""
    stack = list(roots)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(_carrying(node))


def _carrying(node: nodes.Node) -> Iterable[nodes.Node]:
    match node:
        case nodes.Compare() | nodes.Test() | nodes.Not():
            return ()
        case nodes.Filter(name=name) if name in NUMERIC_FILTERS:
            return ()
        case nodes.Call(node=nodes.Getattr(attr=attr)) if attr in NUMERIC_METHODS:
            return ()
        case nodes.CondExpr(expr1=first, expr2=second):
            return (first,) if second is None else (first, second)
        case nodes.Getitem(node=base):
            return (base,)
    return node.iter_child_nodes()


def assembles(node: nodes.Node) -> bool:
    """Whether the node itself puts text together, or brings text of the tokenizer's own."""
    match node:
        case nodes.Concat() | nodes.TemplateData():
            return True
        case nodes.Filter(name=name):
            return name in JOINING_FILTERS
        case nodes.Call(node=nodes.Getattr(node=base, attr=attr)):
            return attr in JOINING_METHODS or _is_text(base)
        case nodes.Call(node=nodes.Name(name=name)):
            return name not in MADE
        case nodes.Name(name=name):
            special = name.endswith("_token") or "special_tokens" in name
            return special or name in OPEN_ARGUMENTS
        case nodes.Const(value=str(value)):
            return value.startswith("_")
        case nodes.Getitem(node=nodes.Const()):
            return True
    return isinstance(node, ARITHMETIC) and (_is_text(node.left) or _is_text(node.right))


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def speaks(node: nodes.Node) -> bool:
    """Whether the node names what a message says."""
    match node:
        case nodes.Name(name=name) | nodes.Getattr(attr=name):
            return bool(CONTENT.fullmatch(name))
        case nodes.Getitem(arg=nodes.Const(value=str(name))):
            return bool(CONTENT.fullmatch(name))
        case nodes.Call(node=nodes.Getattr(attr=attr), args=[nodes.Const(value=str(name)), *_]):
            return attr in READING_METHODS and bool(CONTENT.fullmatch(name))
        case nodes.Filter(kwargs=keywords):
            named = [k.value for k in keywords if isinstance(k, nodes.Keyword)]
            texts = [value.value for value in named if isinstance(value, nodes.Const)]
            return any(isinstance(t, str) and CONTENT.fullmatch(t.split(".")[-1]) for t in texts)
    return False


def tells_date(node: nodes.Node) -> bool:
    """Whether the node asks for the date, or names what tells it."""
    match node:
        case nodes.Name(name=name) | nodes.Getattr(attr=name):
            return name == "strftime_now" or bool(DATE.fullmatch(name))
        case nodes.Getitem(arg=nodes.Const(value=str(name))):
            return bool(DATE.fullmatch(name))
    return False


def _bindings(
    node: nodes.Node, macros: dict[str, nodes.Macro]
) -> Iterator[tuple[tuple[str, ...], nodes.Node]]:
    """The names that `node` gives a value, and the value."""
    match node:
        case nodes.Assign(target=target, node=value) | nodes.For(target=target, iter=value):
            yield from _bound(target, value)
        case nodes.AssignBlock(target=target, body=body):
            for child in body:
                yield from _bound(target, child)
        case nodes.With(targets=targets, values=values):
            for target, value in zip(targets, values, strict=True):
                yield from _bound(target, value)
        case nodes.Call(node=nodes.Name(name=name)) if name in macros:
            for argument, value in zip(macros[name].args, node.args, strict=False):
                yield (argument.name,), value
            yield from _keywords(node, "")
        case nodes.Call(node=nodes.Getattr(node=base, attr=attr)) if attr in STORING_METHODS:
            for value in node.args:
                yield from _bound(base, value)
            yield from _keywords(node, ".")
        case nodes.Macro(args=arguments, defaults=defaults):
            for argument, value in zip(reversed(arguments), reversed(defaults), strict=False):
                yield (argument.name,), value


def _bound(target: nodes.Node, value: nodes.Node) -> Iterator[tuple[tuple[str, ...], nodes.Node]]:
    keys = tuple(key for node in descendants(target) if (key := key_of(node)))
    yield keys, value
    if isinstance(value, nodes.Call):
        yield from _keywords(value, ".")


def _keywords(call: nodes.Call, prefix: str) -> Iterator[tuple[tuple[str, ...], nodes.Node]]:
    """Arguments by keyword: a macro's parameters, or (prefix `.`) what a namespace begins with."""
    for keyword in call.kwargs:
        if isinstance(keyword, nodes.Keyword):
            yield (prefix + keyword.key,), keyword.value


def measured(*roots: nodes.Node) -> Iterator[nodes.Node]:
    """As `sources`, and what a number among them was made of."""
    for node in sources(*roots):
        yield node
        if isinstance(node, nodes.Filter) and node.name in NUMERIC_FILTERS and node.node:
            yield from measured(node.node)


def _spread(
    bindings: Bindings,
    begins: Callable[[nodes.Node], bool],
    walk: Callable[[nodes.Node], Iterator[nodes.Node]] = sources,
) -> frozenset[str]:
    """The names that hold something for which `begins`, at first hand or through other names."""
    leads: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    fresh: list[str] = []
    for names, value in bindings:
        for node in walk(value):
            if begins(node):
                fresh.extend(names)
            if key := key_of(node):
                leads[key].append(names)
    found: set[str] = set()
    while fresh:
        if (name := fresh.pop()) not in found:
            found.add(name)
            fresh.extend(other for names in leads.pop(name, ()) for other in names)
    return frozenset(found)


def texts(*roots: nodes.Node) -> Iterator[str]:
    """The fixed texts that may be in the values of `roots`; neighbours are put together."""
    stack = list(roots)
    while stack:
        node = stack.pop()
        if (text := folded(node)) is not None:
            yield text
        elif isinstance(node, nodes.Getitem):
            stack.extend(
                [node.node, node.arg] if isinstance(node.node, nodes.Dict) else [node.node]
            )
        else:
            stack.extend(_carrying(node))


def folded(node: nodes.Node) -> str | None:
    """The text that a constant is, or several put together by `~` or `+`."""
    match node:
        case nodes.Const(value=str(text)) | nodes.TemplateData(data=str(text)):
            return text
        case nodes.Concat(nodes=parts):
            pieces = [folded(part) for part in parts]
        case nodes.Add(left=left, right=right):
            pieces = [folded(left), folded(right)]
        case _:
            return None
    known = [piece for piece in pieces if piece is not None]
    return "".join(known) if len(known) == len(pieces) else None


def _words(bindings: Bindings) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for names, value in bindings:
        found = tuple(islice(texts(value), MAX_WORDS))
        for name in names:
            words[name] = (words.get(name, ()) + found)[:MAX_WORDS]
    return words
