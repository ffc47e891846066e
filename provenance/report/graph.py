"""The graph of ancestors for people and programs: labels, Mermaid, DOT, JSON."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from provenance.lineage import Edge, Graph, Node, Tier, Unresolved, Way, weakest
from provenance.report.common import printable
from provenance.report.history import Row, rows
from provenance.report.human import BAD, DIM, DOUBT, GOOD, Line, Span, wrapped

TIERS = {
    Tier.CONTRADICTED: ("✗", BAD),
    Tier.DECLARED: ("?", DOUBT),
    Tier.CONSISTENT: ("~", DOUBT),
    Tier.CORROBORATED: ("≈", DOUBT),
    Tier.ATTESTED: ("✓", GOOD),
    Tier.ANCHORED: ("✓", GOOD),
}
STYLES = {
    Tier.CONTRADICTED: ("stroke:#c00", "color=red"),
    Tier.DECLARED: ("stroke-dasharray:4", "style=dashed"),
    Tier.CONSISTENT: ("stroke-dasharray:4", "style=dashed"),
    Tier.CORROBORATED: ("stroke-dasharray:8", "style=dashed"),
    Tier.ATTESTED: ("stroke:#080", "color=green"),
    Tier.ANCHORED: ("stroke:#080,stroke-width:3px", "color=green, penwidth=2"),
}
SHOWN = 3
LONG = 200
"""Characters of one name in a drawing."""
LABEL = 240
"""Characters of everything in a box."""
MOST_LOST = 20
"""Parents that lead nowhere and are drawn; the rest is counted, and all of them are in JSON."""
LOST, NONE = "not resolved", "perhaps none"
SHORT = 12
# What Mermaid, and GitHub that draws it, might take for markup.
UNSAFE = re.compile(r"[^\w ./@:,()+…-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch of the tree: the number of the one that it grows from, what stands there, and what
    went into it."""

    below: int
    line: Line
    facts: tuple[Row, ...] = ()


def title(node: Node) -> Line:
    """A node on one line: its name, where it stands, who publishes it."""
    return (Span(printable(node.key)), Span(f"  {'; '.join(_about(node))}", DIM))


def _about(node: Node) -> Iterator[str]:
    if node.mirrors:
        yield f"by its mirror {printable(', '.join(node.mirrors))}"
    if node.commit:
        yield f"at {printable(node.commit[:SHORT])}"
    if node.root:
        yield "a root of the registry"
    if node.missing:
        yield printable(node.missing)
    if node.by_digest:
        yield "known by its digests alone"
    if node.publisher:
        unseen = node.missing or node.by_digest
        said = "the name belongs to" if unseen else "published by"
        yield f"{said} {printable(node.publisher)}"
    elif node.repo:
        yield "not published by a registered organisation"


def has_parents(graph: Graph) -> bool:
    """Whether there is anything to draw beside the model."""
    return len(graph.nodes) > 1 or bool(graph.unresolved or graph.made)


def lost(graph: Graph) -> tuple[Unresolved, ...]:
    """The parents that lead nowhere, as they are drawn: each above a node that is there, so many of
    them, and how many more there are."""
    shown = [
        one if one.child in graph.by_key else replace(one, child=graph.model)
        for one in graph.unresolved[:MOST_LOST]
    ]
    more = len(graph.unresolved) - len(shown)
    reason = f"{more} more, {LOST}"
    rest = Unresolved(child=graph.model, text="", reason=reason, places=(), path="")
    return (*shown, *([rest] if more else []))


def called(one: Unresolved) -> str:
    """What stands for a parent that leads nowhere: what was written, else that nothing was."""
    return _inert(cut(one.text, LONG)) if one.text else one.reason


def fate(one: Unresolved) -> str:
    """What stands beside the step to it; where a program names nothing there may be no parent."""
    return NONE if one.hint and not one.text else LOST


def why(one: Unresolved) -> str:
    """Why it leads nowhere, and what else is known of it."""
    return "; ".join(_why(one))


def _why(one: Unresolved) -> Iterator[str]:
    if one.text:
        yield one.reason
    if one.part:
        yield f"for {one.part}"
    if one.hint:
        yield "written by a program"
    if one.likely:
        yield f"perhaps {one.likely}"


def nowhere(one: Unresolved) -> Line:
    """A parent that leads nowhere on two lines: what it is called and why, and who says so."""
    said = "".join(claimed(one.places))
    return (
        Span(printable(called(one))),
        Span(f"  {printable(why(one))}", DIM),
        Span("\n"),
        Span(f"? {fate(one)}", DOUBT),
        Span(f"  {printable(said)}"),
    )


def claimed(places: tuple[str, ...]) -> Iterator[str]:
    """Where it is claimed, of many places the first."""
    if places:
        more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
        yield f"claimed in {', '.join(places[:SHOWN])}{more}"


def facts(graph: Graph, key: str) -> tuple[Row, ...]:
    """What went into a node, by the statement that says most of it; nothing where none does."""
    found = next(iter(graph.made_of.get(key, ())), None)
    return (Row(label="made by", text=found.step.method.value), *rows(found)) if found else ()


def cells(row: Row) -> tuple[Line, Line]:
    """A fact in two columns: what it is of, and what is said, with what is doubtful."""
    between = ", " if row.text and row.doubt else ""
    told = (Span(f"{row.text}{between}"), Span(row.doubt, DOUBT))
    return (Span(f"  {row.label}", DIM),), told


def branching(graph: Graph) -> Iterator[Branch]:
    """The graph as a tree above the model, which is number 0. What stands in the tree already does
    not branch again."""
    drawn, count = {graph.model}, 0
    above = _above(graph)
    waiting = deque((0, one) for one in above.get(graph.model, ()))
    while waiting:
        below, one = waiting.popleft()
        count += 1
        if isinstance(one, Unresolved):
            yield Branch(below=below, line=nowhere(one))
            continue
        again, further = one.parent in drawn, above.get(one.parent, ())
        line = (*title(graph.by_key[one.parent]), Span("\n"), *step(one))
        yield Branch(below=below, line=line, facts=() if again else facts(graph, one.parent))
        if again and further:
            yield Branch(below=count, line=(Span("… as above"),))
            count += 1
            continue
        drawn.add(one.parent)
        waiting.extend((count, parent) for parent in further)


def _above(graph: Graph) -> dict[str, list[Edge | Unresolved]]:
    """What stands above each node: its parents, then those that lead nowhere."""
    found: dict[str, list[Edge | Unresolved]] = {k: [*v] for k, v in graph.above.items()}
    for one in lost(graph):
        found.setdefault(one.child, []).append(one)
    return found


def step(edge: Edge) -> Line:
    """An edge on one line: its tier, what was done, by whose word."""
    mark, tone = TIERS[edge.tier]
    return (Span(f"{mark} {edge.tier}", tone), Span(f"  {printable('; '.join(said(edge)))}"))


def said(edge: Edge) -> Iterator[str]:
    """What was done in a step, who attests it, and where it is claimed."""
    if done := edge.method or edge.relation:
        yield done
    if edge.parts:
        yield f"for {', '.join(edge.parts[:SHOWN])}"
    if edge.attested:
        yield f"attested by {edge.attested} in {edge.bundle}"
    yield from edge.remarks
    yield from claimed(edge.claims)
    if edge.detail:
        yield edge.detail


def path(number: int, way: Way, graph: Graph) -> Iterator[Line]:
    """One way to an ancestor: its weakest link, then each step, and why it ends where it does."""
    if way.lost:
        link = Span(f"? {fate(way.lost)}", DOUBT)
    else:
        mark, tone = TIERS[weakest(way.edges)]
        link = Span(f"{mark} {weakest(way.edges)}", tone)
    yield (Span(f"path {number}, weakest link: "), link)
    yield (Span(f"  {printable(graph.model)}"),)
    for edge in way.edges:
        node = graph.by_key[edge.parent]
        yield (Span(f"  └ {printable(edge.parent)}  "), *step(edge))
        if node.missing:
            yield (Span(f"    {printable(node.missing)}", DOUBT),)
    if way.lost:
        what, about, _, *state = nowhere(way.lost)
        yield (Span("  └ "), what, Span("  "), *state)
        yield (Span(f"  {about.text}", DIM),)


def problems(graph: Graph, width: int) -> Iterator[Line]:
    """What is missing for a complete lineage, wrapped to so many columns."""
    for problem in graph.problems:
        yield (Span(f"✗ lineage/{problem.slug}", BAD), Span(f"  {printable(problem.where)}"))
        yield from wrapped(problem.message, "  ", width)


def mermaid(graph: Graph) -> str:
    """The graph as GitHub draws it in Markdown, parents above."""
    numbers = {node.key: f"n{n}" for n, node in enumerate(graph.nodes)}
    lines = ["flowchart TB"]
    for node in graph.nodes:
        shape = '{0}[["{1}"]]' if node.root else '{0}["{1}"]'
        lines.append("  " + shape.format(numbers[node.key], _label(node)))
    for edge in graph.edges:
        label = _inert(_word(edge))
        lines.append(f'  {numbers[edge.parent]} -->|"{label}"| {numbers[edge.child]}')
    for number, one in enumerate(lost(graph)):
        label, child = _inert(_nowhere(one)), numbers[one.child]
        lines.append(f'  u{number}["{label}"] -.->|"{fate(one)}"| {child}')
    for number, edge in enumerate(graph.edges):
        lines.append(f"  linkStyle {number} {STYLES[edge.tier][0]}")
    return "\n".join(lines)


def _nowhere(one: Unresolved) -> str:
    return cut(", ".join(filter(None, (called(one), why(one)))), LABEL)


def _word(edge: Edge) -> str:
    """What stands beside an edge: what was done, and by whose word."""
    by = f" by {edge.attested}" if edge.attested else ""
    return ", ".join((f"{made(edge)}{by}", *edge.remarks))


def made(edge: Edge) -> str:
    """What was done in a step, and how well that is known."""
    return f"{edge.method or edge.relation or 'from'}, {edge.tier}"


def _label(node: Node) -> str:
    return _inert(cut(f"{cut(node.key, LONG)}, {', '.join(_about(node))}", LABEL))


def cut(text: str, most: int) -> str:
    """The text in at most so many characters, cut behind a word; a longer word is cut itself."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    return f"{kept.rpartition(' ')[0] or kept}…"


def _inert(text: str) -> str:
    return UNSAFE.sub("_", text)


def dot(graph: Graph) -> str:
    """The graph for Graphviz, parents above."""
    lines = ["digraph lineage {", "  node [shape=box];"]
    for node in graph.nodes:
        double = ", peripheries=2" if node.root else ""
        lines.append(f"  {_quoted(node.key)} [label={_quoted(_label(node))}{double}];")
    for edge in graph.edges:
        label = _quoted(_word(edge))
        ends = f"{_quoted(edge.parent)} -> {_quoted(edge.child)}"
        lines.append(f"  {ends} [label={label}, {STYLES[edge.tier][1]}];")
    for number, one in enumerate(lost(graph)):
        own, label = _quoted(f"? {number}"), _quoted(_inert(_nowhere(one)))
        lines.append(f"  {own} [label={label}, style=dashed];")
        lines.append(f"  {own} -> {_quoted(one.child)} [label={_quoted(fate(one))}, style=dashed];")
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)
