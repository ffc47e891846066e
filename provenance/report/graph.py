"""The graph of ancestors for people and programs: labels, Mermaid, DOT, JSON."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator

from provenance.lineage import Edge, Graph, Node, Tier, Unresolved, weakest
from provenance.report.common import printable
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
UNRESOLVABLE = "ancestry/unresolvable"
SHORT = 12
# What Mermaid, and GitHub that draws it, might take for markup.
UNSAFE = re.compile(r"[^\w ./@:,()+-]")


def title(node: Node) -> Line:
    """A node on one line: its name, where it stands, who publishes it."""
    return (Span(printable(node.key)), Span(f"  {'; '.join(_about(node))}", DIM))


def _about(node: Node) -> Iterator[str]:
    if node.commit:
        yield f"at {printable(node.commit[:SHORT])}"
    if node.root:
        yield "a root of the registry"
    if node.publisher:
        yield f"published by {printable(node.publisher)}"
    elif node.repo:
        yield "not published by a registered organisation"
    if node.missing:
        yield printable(node.missing)


def branching(graph: Graph) -> Iterator[tuple[int, Line]]:
    """The graph as a tree: each branch, and the number of the one that it grows from; the model
    itself is 0. What stands in the tree already does not branch again."""
    drawn, count = {graph.model}, 0
    waiting = deque((0, edge) for edge in graph.above.get(graph.model, ()))
    while waiting:
        below, edge = waiting.popleft()
        yield below, (*title(graph.by_key[edge.parent]), Span("\n"), *step(edge))
        count += 1
        further = graph.above.get(edge.parent, ())
        if edge.parent in drawn and further:
            yield count, (Span("… as above"),)
            count += 1
            continue
        drawn.add(edge.parent)
        waiting.extend((count, one) for one in further)


def missing(graph: Graph, width: int) -> tuple[Line, ...]:
    """Below the tree: what does not resolve, and what is wrong."""
    return (*unresolved(graph, width), *problems(graph, width))


def step(edge: Edge) -> Line:
    """An edge on one line: its tier, what was done, by whose word."""
    mark, tone = TIERS[edge.tier]
    return (Span(f"{mark} {edge.tier}", tone), Span(f"  {printable('; '.join(said(edge)))}"))


def said(edge: Edge) -> Iterator[str]:
    """What was done in a step, who attests it, and where it is claimed."""
    if made := edge.method or edge.relation:
        yield made
    if edge.attested:
        yield f"attested by {edge.attested} in {edge.bundle}"
    if edge.claims:
        more = f" and {len(edge.claims) - SHOWN} more" if len(edge.claims) > SHOWN else ""
        yield f"claimed in {', '.join(edge.claims[:SHOWN])}{more}"
    if edge.detail:
        yield edge.detail


def path(number: int, edges: tuple[Edge, ...]) -> Iterator[Line]:
    """One way to an ancestor: its weakest link, then each step."""
    mark, tone = TIERS[weakest(edges)]
    yield (Span(f"path {number}, weakest link: "), Span(f"{mark} {weakest(edges)}", tone))
    yield (Span(f"  {printable(edges[0].child)}"),)
    for edge in edges:
        yield (Span(f"  └ {printable(edge.parent)}  "), *step(edge))


def problems(graph: Graph, width: int) -> Iterator[Line]:
    """What is missing for a complete lineage, wrapped to so many columns."""
    for problem in graph.problems:
        yield (Span(f"✗ lineage/{problem.slug}", BAD), Span(f"  {printable(problem.where)}"))
        yield from wrapped(problem.message, "  ", width)


def unresolved(graph: Graph, width: int) -> Iterator[Line]:
    """The parents that the model states and that lead nowhere."""
    for one in graph.unresolved:
        yield (Span(f"? {UNRESOLVABLE}", DOUBT), Span(f"  {printable(one.place)}"))
        yield from wrapped(f"'{_inert(one.text[:LONG])}': {one.reason}", "  ", width)


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
    for number, one in enumerate(graph.unresolved):
        lines.append(f'  u{number}["{_inert(_nowhere(one))}"] -.->|"not resolved"| n0')
    for number, edge in enumerate(graph.edges):
        lines.append(f"  linkStyle {number} {STYLES[edge.tier][0]}")
    return "\n".join(lines)


def _nowhere(one: Unresolved) -> str:
    return f"{one.text[:80]}, not resolved: {one.reason}"[:160]


def _word(edge: Edge) -> str:
    """What stands beside an edge: what was done, and by whose word."""
    by = f" by {edge.attested}" if edge.attested else ""
    return f"{edge.method or edge.relation or 'from'}, {edge.tier}{by}"


def _label(node: Node) -> str:
    return _inert(f"{node.key[:80]}, {', '.join(_about(node))}"[:160])


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
    for one in graph.unresolved:
        nowhere, child = _quoted(_inert(_nowhere(one))), _quoted(graph.model)
        lines.append(f"  {nowhere} [style=dashed];")
        lines.append(f"  {nowhere} -> {child} [label={_quoted('not resolved')}, style=dashed];")
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)


def table(graph: Graph) -> str:
    """The graph as one JSON document."""
    document = {
        "version": 1,
        "model": graph.model,
        "nodes": [{name: getattr(node, name) for name in Node.__slots__} for node in graph.nodes],
        "edges": [{name: getattr(edge, name) for name in Edge.__slots__} for edge in graph.edges],
        "problems": [
            {"rule": f"lineage/{p.slug}", "where": p.where, "message": p.message}
            for p in graph.problems
        ],
        "unresolved": [
            {"rule": UNRESOLVABLE, "text": one.text, "where": one.place, "message": one.reason}
            for one in graph.unresolved
        ],
    }
    return json.dumps(document, indent=1)
