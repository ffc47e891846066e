"""What a chat template (Jinja) does beyond formatting messages.

A template is judged by an allow-list over its syntax tree and is never rendered: some loaders
render it without a sandbox, and sandboxes have had holes. Attributes that begin with an underscore
lead from any value to the interpreter, so every way to reach one is refused: written out, as a
subscript, put together from pieces, or as an argument of a filter.
The language: https://jinja.palletsprojects.com/templates/
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from provenance.formats.template.allowed import (
    ATTRIBUTE_AT,
    CODE,
    CONSTRUCTS,
    ESCAPES,
    FILTERS,
    FUNCTIONS,
    INNARDS,
    MAPPED,
    METHODS,
    OF_LOOP,
    PLAIN_FORMAT,
    TESTS,
    UNFOLLOWED,
    UNPARSED,
)
from provenance.formats.template.flow import Flow, flow_of
from provenance.formats.template.triggers import triggers
from provenance.formats.template.values import (
    READING_METHODS,
    assembles,
    key_of,
    looks_up,
    sources,
    speaks,
)

MAX_SOURCE = 1 << 20
MAX_DEPTH = 200
MAX_PHRASES = 50
MAX_NUMBER = 100_000
OWN_TAGS = {"generation"}


class Generation(Extension):
    """Accepts transformers' `{% generation %}…{% endgeneration %}`: what is trained on."""

    tags = OWN_TAGS

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The statements between the tags stand where the tags stood."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def unsafe(source: str) -> tuple[str, ...]:
    """What `source` does beyond formatting messages, each as a phrase with its line; never raises.

    One phrase that begins with UNPARSED stands for a template that is not Jinja, is longer than
    1 MiB or nests too deep: what a loader would make of it is not known. The first 50 are named.
    """
    if len(source) > MAX_SOURCE:
        return (f"{UNPARSED}: {len(source)} characters, more than {MAX_SOURCE}",)
    try:
        every = flat(environment().parse(source))
    except TemplateError as error:
        return (f"{UNPARSED}: {_cut(error.message or 'syntax error')}",)
    except (RecursionError, ValueError, OverflowError) as error:
        return (f"{UNPARSED}: {_cut(str(error))}",)
    flow = flow_of(every)
    found = {(_line(node), phrase) for node in every for phrase in _beyond(node, flow)}
    found |= {(_line(node), f"{node.name[:60]!r} as a value") for node in _kept(every, flow)}
    return tuple(f"line {line}: {phrase}" for line, phrase in sorted(found)[:MAX_PHRASES])


def _line(node: nodes.Node) -> int:
    """Where it stands; what Jinja adds by itself stands nowhere."""
    return node.lineno or 1


def environment() -> Environment:
    """What parses templates as transformers does; nothing is rendered by it."""
    return Environment(
        autoescape=True, extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation]
    )


def flat(tree: nodes.Node) -> list[nodes.Node]:
    """Every node, level by level, or RecursionError beyond MAX_DEPTH of them."""
    every, level = [tree], [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
        every += level
    if level:
        raise RecursionError(f"nests deeper than {MAX_DEPTH} levels")
    return every


def _kept(every: list[nodes.Node], flow: Flow) -> Iterator[nodes.Name]:
    """The functions and macros that are not called where they stand: their innards are code."""
    used: set[int] = set()
    for node in every:
        match node:
            case nodes.Call(node=place) | nodes.Test(name="defined" | "undefined", node=place):
                used.add(id(place))
            case nodes.Getattr(node=nodes.Name(name="loop") as place):
                used.add(id(place))
            case nodes.If(test=place) | nodes.CondExpr(test=place) | nodes.Not(node=place):
                used.add(id(place))
            case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
                used.update((id(left), id(right)))
    names = (node for node in every if isinstance(node, nodes.Name) and id(node) not in used)
    yield from (n for n in names if n.ctx == "load" and n.name in FUNCTIONS | flow.macros)


def _cut(text: str) -> str:
    return repr(text[:80])[1:-1]


def _beyond(node: nodes.Node, flow: Flow) -> Iterator[str]:
    """What `node` itself does that formatting does not need."""
    yield from triggers(node, flow)
    match node:
        case nodes.Name(name=name) if name in ESCAPES or "__" in name:
            yield f"name {name!r}"
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr) if attr not in OF_LOOP:
            yield f"attribute {attr[:60]!r} of loop"
        case nodes.Getattr(attr=attr) | nodes.NSRef(attr=attr):
            yield from _attribute(attr)
        case nodes.Getitem():
            yield from _subscript(node, flow)
        case nodes.Keyword(key=key):
            yield from _attribute(key)
        case nodes.Const(value=str(text)) if CODE.search(text):
            yield f"text {text[:60]!r}"
        case nodes.Call():
            yield from _call(node, flow)
        case nodes.Filter() | nodes.Test():
            yield from _filter(node) if isinstance(node, nodes.Filter) else _test(node)
        case nodes.Mul(left=left, right=right):
            yield from _numbers([left, right])
        case _ if type(node).__name__ not in CONSTRUCTS:
            yield f"construct {type(node).__name__}"


def _attribute(name: str) -> Iterator[str]:
    if name.startswith("_") or "__" in name or name in INNARDS:
        yield f"attribute {name[:60]!r}"


def _subscript(node: nodes.Getitem, flow: Flow) -> Iterator[str]:
    """What stands under a name may be an attribute: of a fixed name, or of one made up by data.

    One name out of data reaches the methods of data, which nothing here calls; a second one behind
    it would reach the interpreter.
    """
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        yield from _attribute(node.arg.value)
    if not looks_up(node, flow.numbers):
        return
    if any(assembles(n) or key_of(n) in flow.assembled for n in sources(node.arg)):
        yield "subscript put together from pieces"
    elif any(speaks(n) or key_of(n) in flow.spoken for n in sources(node.arg)):
        yield "subscript by what a message says"
    elif any(looks_up(n, flow.numbers) or key_of(n) in flow.looked_up for n in sources(node.node)):
        yield f"{UNFOLLOWED}: a subscript of what another computed subscript yields"


def _call(node: nodes.Call, flow: Flow) -> Iterator[str]:
    yield from _arguments(node)
    match node.node:
        case nodes.Name(name=name):
            if name in flow.stored or (name not in FUNCTIONS and name not in flow.macros):
                yield f"call of {name[:60]!r}"
            if name == "range" and any(_is_fixed_arithmetic(argument) for argument in node.args):
                yield "range of computed size"
        case nodes.Getattr(node=nodes.Const(value=str(text)), attr="format"):
            if not PLAIN_FORMAT.fullmatch(text):
                yield f"format {text[:60]!r}"
        case nodes.Getattr(attr=attr):
            if attr not in METHODS:
                yield f"call of method {attr[:60]!r}"
            if attr in READING_METHODS:
                yield from _read(node.args[:1])
        case _:
            yield "call of a computed value"


def _read(names: list[nodes.Expr]) -> Iterator[str]:
    """What a table is asked for by a fixed name: that may be the interpreter's own table."""
    for name in names:
        if isinstance(name, nodes.Const) and isinstance(name.value, str):
            yield from _attribute(name.value)


def _is_fixed_arithmetic(node: nodes.Node) -> bool:
    return isinstance(node, nodes.BinExpr) and not any(
        isinstance(n, nodes.Name) for n in sources(node)
    )


def _arguments(node: nodes.Call | nodes.Filter | nodes.Test) -> Iterator[str]:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        yield "arguments spread out of a value"
    yield from _numbers([*node.args, *(keyword.value for keyword in _keywords(node))])


def _keywords(node: nodes.Call | nodes.Filter | nodes.Test) -> list[nodes.Keyword]:
    return [keyword for keyword in node.kwargs if isinstance(keyword, nodes.Keyword)]


def _numbers(operands: list[nodes.Expr]) -> Iterator[str]:
    for node in operands:
        value = node.value if isinstance(node, nodes.Const) else 0
        if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
            yield f"number above {MAX_NUMBER}"


def _filter(node: nodes.Filter) -> Iterator[str]:
    yield from _arguments(node)
    if node.name not in FILTERS:
        yield f"filter {node.name[:60]!r}"
        return
    position = ATTRIBUTE_AT.get(node.name)
    names = node.args[position : position + 1] if position is not None else []
    names += [keyword.value for keyword in _keywords(node) if keyword.key == "attribute"]
    for name in names:
        yield from _looked_up(name)
    if node.name == "map":
        yield from _named(node.args[:1], MAPPED)
    if node.name in {"select", "reject"}:
        yield from _named(node.args[:1], TESTS)
    if node.name in {"selectattr", "rejectattr"}:
        yield from _named(node.args[1:2], TESTS)


def _looked_up(name: nodes.Expr) -> Iterator[str]:
    if not isinstance(name, nodes.Const):
        yield "filter by a computed attribute"
    elif isinstance(name.value, str):
        for part in name.value.split("."):
            yield from _attribute(part)


def _named(names: list[nodes.Expr], allowed: frozenset[str]) -> Iterator[str]:
    for name in names:
        if not isinstance(name, nodes.Const) or name.value not in allowed:
            value = repr(name.value)[:60] if isinstance(name, nodes.Const) else "a computed name"
            yield f"filter by {value}"


def _test(node: nodes.Test) -> Iterator[str]:
    yield from _arguments(node)
    if node.name not in TESTS:
        yield f"test {node.name[:60]!r}"
