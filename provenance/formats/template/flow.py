"""Where the values of a Jinja template come from: which names hold what, by name and not by scope.

A name used in two scopes counts for both, so the answer errs towards "may hold".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from jinja2 import nodes

from provenance.formats.template.values import (
    WHOLE,
    assembles,
    counts,
    descendants,
    is_number,
    key_of,
    looks_up,
    measured,
    operands,
    picked,
    retells,
    sources,
    speaks,
    tells_date,
    texts,
)

STORING_METHODS = frozenset({"append", "extend", "insert", "setdefault", "update"})
MAX_WORDS = 64
MANY = 2

Binding = tuple[tuple[str, ...], nodes.Node]
Bindings = list[Binding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What the names of one template may hold; `.key` stands for that key of any namespace.

    `assembled`: text put together from pieces, or taken from the tokenizer's own special tokens.
    `spoken`: what a message says. `dated`: the date. `words`: the texts a name stands for.
    `whole`: a message or several. `counted`: how long something is. `numbers`: numbers alone.
    `looked_up`: what stands under a name that is known at run time alone. `lengths`
    and `reckoned`: what was set by a comparison of a length, or by a sum with a date in it.
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
    lengths: frozenset[str]
    reckoned: frozenset[str]


def flow_of(every: Iterable[nodes.Node]) -> Flow:
    """What the names of a template may hold, given all its nodes."""
    every = list(every)
    macros = {node.name: node for node in every if isinstance(node, nodes.Macro)}
    bindings = [pair for node in every for pair in _bindings(node, macros)]
    decisions = list(_decisions(every[0], macros))
    numbers, whole = _numbers(bindings), _whole(bindings)
    counted, dated = _spread(bindings, counts), _spread(bindings, tells_date, measured)
    return Flow(
        macros=frozenset(macros),
        stored=frozenset(
            node.name for node in every if isinstance(node, nodes.Name) and node.ctx != "load"
        ),
        assembled=_spread(bindings, assembles),
        spoken=_spread(bindings, lambda node: speaks(node) or retells(node, whole)),
        dated=dated,
        words=_words(bindings),
        numbers=numbers,
        looked_up=_spread(bindings, lambda node: looks_up(node, numbers)),
        whole=whole,
        counted=counted,
        lengths=_spread(decisions, lambda n: asks_length(n, counted | numbers), descendants),
        reckoned=_spread(decisions, lambda node: reckons(node, dated), descendants),
    )


def asks_length(node: nodes.Node, known: frozenset[str]) -> bool:
    """Whether a comparison of a length or a count, as the names of `known` are, asks for two or
    more, or for such an item."""
    match node:
        case nodes.Compare(expr=left, ops=operands):
            sides = [left, *(operand.expr for operand in operands)]
        case nodes.Test(name="defined" | "undefined", node=base):
            return any(is_many(n.arg) for n in sources(base) if isinstance(n, nodes.Getitem))
        case nodes.Test(name="odd" | "even", node=base):
            return any(counts(n) or key_of(n) in known for n in sources(base))
        case nodes.Test(node=base, args=args) if args:
            sides = [base, *args]
        case _:
            return False
    parts = list(sources(*sides))
    return any(counts(n) or key_of(n) in known for n in parts) and any(map(is_many, parts))


def is_many(node: nodes.Node) -> bool:
    """Whether it is a number that more than one turn is needed for."""
    return isinstance(node, nodes.Const) and isinstance(node.value, int) and node.value >= MANY


def reckons(node: nodes.Node, dated: frozenset[str]) -> bool:
    """Whether the node does a sum with a date."""
    sums = nodes.Sub | nodes.Mod | nodes.Div | nodes.FloorDiv | nodes.Mul
    return isinstance(node, sums) and any(
        tells_date(part) or key_of(part) in dated for part in measured(node)
    )


def _decisions(tree: nodes.Node, macros: dict[str, nodes.Macro]) -> Iterator[Binding]:
    """The names that are set, with their values and with the conditions under which they are.

    Each `if` has a name of its own that no template can write, so that the work stays linear.
    """
    stack: list[tuple[nodes.Node, nodes.Name]] = [(tree, nodes.Name("if 0", "load"))]
    count = 0
    while stack:
        node, within = stack.pop()
        if isinstance(node, nodes.If):
            count += 1
            yield (f"if {count}",), node.test
            yield (f"if {count}",), within
            within = nodes.Name(f"if {count}", "load")
        elif isinstance(node, nodes.Assign | nodes.AssignBlock | nodes.With):
            for names, value in _bindings(node, macros):
                yield names, value
                yield names, within
        stack += [(child, within) for child in node.iter_child_nodes()]


def _whole(bindings: Bindings) -> frozenset[str]:
    """The names that stand for a message or several, and for nothing that one of them says."""
    return WHOLE | _spread(
        bindings, lambda n: isinstance(n, nodes.Name) and n.name in WHOLE, picked
    )


def _numbers(bindings: Bindings) -> frozenset[str]:
    """The names that are given numbers alone."""
    given = frozenset(name for names, _ in bindings for name in names)
    others = [
        (names, nodes.Const(None) if len(names) > 1 or not is_number(value, given) else value)
        for names, value in bindings
    ]
    return given - _spread(
        others, lambda n: isinstance(n, nodes.Const) and n.value is None, operands
    )


def _bindings(
    node: nodes.Node, macros: dict[str, nodes.Macro]
) -> Iterator[tuple[tuple[str, ...], nodes.Node]]:
    """The names that `node` gives a value, and the value."""
    match node:
        case nodes.For(target=target, iter=value, recursive=recursive):
            yield from _bound(target, value)
            if recursive:
                yield from _bound(target, nodes.Name("caller", "load"))
        case nodes.Assign(target=target, node=value):
            yield from _bound(target, value)
        case nodes.AssignBlock(target=target, body=body):
            for child in body:
                yield from _bound(target, child)
        case nodes.With(targets=targets, values=values):
            for target, value in zip(targets, values, strict=True):
                yield from _bound(target, value)
        case nodes.Call(node=nodes.Name(name=name)) if name in macros:
            yield from _given(macros[name].args, node)
        case nodes.Call(node=nodes.Name(name="caller" | "loop")):
            for said in node.args:
                yield ("caller",), said
        case nodes.CallBlock(args=arguments, body=body):
            for argument in arguments:
                yield (argument.name,), nodes.Name("caller", "load")
            for child in body:
                yield ("caller",), child
        case nodes.Call(node=nodes.Getattr(node=base, attr=attr)) if attr in STORING_METHODS:
            for value in node.args:
                yield from _bound(base, value)
            yield from _keywords(node, ".")
        case nodes.Macro(name=name, args=arguments, defaults=defaults, body=body):
            for child in body:
                yield (name,), child
            for argument, value in zip(reversed(arguments), reversed(defaults), strict=False):
                yield (argument.name,), value


def _given(
    arguments: list[nodes.Name], call: nodes.Call
) -> Iterator[tuple[tuple[str, ...], nodes.Node]]:
    """What the call of a macro gives its parameters, or leaves to `varargs` and `kwargs`."""
    for argument, value in zip(arguments, call.args, strict=False):
        yield (argument.name,), value
    for value in call.args[len(arguments) :]:
        yield ("varargs",), value
    for names, named in _keywords(call, ""):
        yield (*names, *(f".{name}" for name in names), "kwargs"), named


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


def _words(bindings: Bindings) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for names, value in bindings:
        found = tuple(islice(texts(value), MAX_WORDS))
        for name in names:
            words[name] = (words.get(name, ()) + found)[:MAX_WORDS]
    return words
