"""What one expression of a Jinja template is: a number, text put together, what a message says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jinja2 import nodes

from provenance.formats.template.allowed import MADE, words

NUMERIC_FILTERS = frozenset({"abs", "count", "float", "int", "length", "round", "wordcount"})
NUMERIC_METHODS = frozenset({"count", "find", "index", "rfind", "rindex", "startswith", "endswith"})
KEEPING_FILTERS = NUMERIC_FILTERS | words(
    "batch d default dictsort e escape forceescape groupby items list lower max min reject"
    " rejectattr safe select selectattr slice sort unique upper"
)
KEEPING_METHODS = NUMERIC_METHODS | words(
    "append casefold clear extend get insert isalnum isalpha isascii isdecimal isdigit isidentifier"
    " islower isnumeric isprintable isspace istitle isupper items keys lower pop popitem reverse"
    " setdefault sort update upper values"
)
"""What gives back text as it was, but for its case, or something that is no text. The other
filters and methods may make any text out of harmless pieces: by padding, stripping, counting."""
STRIPPING = words("lstrip rstrip strip trim")
COUNTERS = frozenset({"index", "index0", "revindex", "revindex0", "length", "depth", "depth0"})
OPEN_ARGUMENTS = frozenset({"varargs", "kwargs"})
NOTHING: frozenset[str] = frozenset()
STEPS = (nodes.Const(1), nodes.Neg(nodes.Const(1)))
CONTENT = re.compile(
    r"(?:.*_)?(?:content|text|prompt|query|question|instruction|input|thinking|grouper)s?"
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


def descendants(*roots: nodes.Node) -> Iterator[nodes.Node]:
    """The nodes and everything below them, without recursion."""
    stack = list(roots)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.iter_child_nodes())


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
        case nodes.Filter(name="map", args=[nodes.Const(value=name), *_]):
            return name in COUNTING
        case nodes.Filter(name=name):
            return name in COUNTING
        case nodes.Call(node=nodes.Getattr(attr=attr)):
            return attr in {"count", "__len__"}
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr):
            return attr in COUNTERS
    return False


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


def operands(node: nodes.Node) -> Iterator[nodes.Node]:
    """What a sum or choice is made of, itself first."""
    yield node
    if isinstance(node, nodes.BinExpr | nodes.UnaryExpr | nodes.CondExpr):
        for child in node.iter_child_nodes():
            yield from operands(child)


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
        case nodes.Filter(name="map", args=[nodes.Const(value=name), *_]):
            return name not in KEEPING_FILTERS
        case nodes.Filter(name="map"):
            return False
        case nodes.Filter(name=name, args=args):
            return name not in KEEPING_FILTERS and (bool(args) or name not in STRIPPING)
        case nodes.Call(node=nodes.Getattr(node=base, attr=attr), args=args):
            made = attr not in KEEPING_METHODS and (bool(args) or attr not in STRIPPING)
            return made or _is_text(base)
        case nodes.Call(node=nodes.Name(name=name)):
            return name not in MADE
        case nodes.Name(name=name):
            special = name.endswith("_token") or "special_tokens" in name
            return special or name in OPEN_ARGUMENTS
        case nodes.Const(value=str(value)):
            return value.startswith("_")
        case nodes.Getitem(node=nodes.Const()):
            return True
        case nodes.Getitem(arg=nodes.Slice(step=nodes.Node() as step)):
            return step not in STEPS
        case nodes.Add(left=left, right=right):
            return not (is_number(node, NOTHING) or _is_list(left) or _is_list(right))
        case nodes.Mul() | nodes.Mod():
            return not is_number(node, NOTHING)
    return False


def _is_list(node: nodes.Node) -> bool:
    """Whether the value is a list in all likelihood: what is added to one is no text."""
    match node:
        case nodes.List() | nodes.Tuple() | nodes.Getitem(arg=nodes.Slice()):
            return True
        case nodes.Filter(name=name):
            return name == "list"
        case nodes.Name(name=name):
            return name in WHOLE
    return False


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
        case nodes.Filter(name=name, args=args, kwargs=keywords):
            named = [k.value for k in keywords if isinstance(k, nodes.Keyword)]
            named += args[:1] if name == "groupby" else []
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


def measured(*roots: nodes.Node) -> Iterator[nodes.Node]:
    """As `sources`, and what a number among them was made of."""
    for node in sources(*roots):
        yield node
        if isinstance(node, nodes.Filter) and node.name in NUMERIC_FILTERS and node.node:
            yield from measured(node.node)


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
