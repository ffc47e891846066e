"""Where the nodes of a graph stand when it is drawn: layers from the model up, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provenance.lineage import Edge, Graph, Node, Tier, Unresolved
from provenance.report.graph import called, fate, lost, made, why

WIDTH, HEIGHT, GAP, STEP = 190, 62, 20, 130
LABEL = 140
"""Pixels of what stands beside an edge."""


Standing = Node | Unresolved
"""What has a box: a model, or a parent that leads nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A model, or a parent that leads nowhere, and the upper left corner of its box, in pixels."""

    of: Standing
    x: int
    y: int

    @property
    def middle(self) -> int:
        """Where edges meet it."""
        return self.x + WIDTH // 2

    @property
    def name(self) -> str:
        """What it is called."""
        return self.of.key if isinstance(self.of, Node) else called(self.of)

    @property
    def title(self) -> str:
        """What it is called at length."""
        return self.of.named if isinstance(self.of, Node) else self.name

    @property
    def about(self) -> str:
        """What stands below its name."""
        if isinstance(self.of, Node):
            about = self.of.missing or self.of.publisher or "published by nobody known"
            return f"as {', '.join(self.of.mirrors)}; {about}" if self.of.mirrors else about
        return why(self.of)

    @property
    def kind(self) -> str:
        """How its box is drawn, if not as any other."""
        if isinstance(self.of, Node):
            return "root" if self.of.root else ""
        return "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An edge, from the parent's lower side to the child's upper side; `word` stands beside it."""

    edge: Edge
    word: str
    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def label(self) -> int:
        """Where what stands beside it begins: near the parent, inside the drawing."""
        return max((3 * self.x1 + self.x2) // 4 - LABEL // 2, GAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A graph as it is drawn: parents above, the model below."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int


def drawing(graph: Graph) -> Drawing:
    """Every node in the layer of its longest known way down to the model, and what leads nowhere
    in the layer above who states it."""
    layers = _layers(graph)
    widest = max(len(layer) for layer in layers.values())
    width = widest * (WIDTH + GAP) + GAP
    height = (max(layers) + 1) * STEP
    boxes = {}
    for level, layer in layers.items():
        left = (width - len(layer) * (WIDTH + GAP) + GAP) // 2
        y = height - (level + 1) * STEP + GAP
        for number, one in enumerate(layer):
            boxes[one] = Box(of=one, x=left + number * (WIDTH + GAP), y=y)
    return Drawing(
        boxes=tuple(boxes.values()),
        lines=tuple(_lines(graph, boxes)),
        width=width,
        height=height - (STEP - HEIGHT - 2 * GAP),
    )


def _layers(graph: Graph) -> dict[int, list[Standing]]:
    """What stands how far above the model."""
    depth = _depths(graph)
    layers: dict[int, list[Standing]] = {}
    for node in graph.nodes:
        layers.setdefault(depth.get(node.key, 0), []).append(node)
    for one in lost(graph):
        layers.setdefault(depth.get(one.child, 0) + 1, []).append(one)
    return layers


def _depths(graph: Graph) -> dict[str, int]:
    """How far above the model each node stands; a cycle ends where it began."""
    depth = {graph.model: 0}
    waiting = [(graph.model, frozenset({graph.model}))]
    budget = 20 * (len(graph.nodes) + len(graph.edges))
    while waiting and budget:
        budget -= 1
        child, seen = waiting.pop(0)
        for edge in graph.above.get(child, ()):
            below = depth[child] + 1
            if edge.parent not in seen and below > depth.get(edge.parent, 0):
                depth[edge.parent] = below
                waiting.append((edge.parent, seen | {edge.parent}))
    return depth


def _lines(graph: Graph, boxes: Mapping[Standing, Box]) -> Iterator[Line]:
    """Each edge, and one to each parent that leads nowhere, with the word of every drawing."""
    nodes = graph.by_key
    for edge in graph.edges:
        yield _line(edge, made(edge), boxes[nodes[edge.parent]], boxes[nodes[edge.child]])
    for one in lost(graph):
        edge = Edge(child=one.child, parent=called(one), tier=Tier.DECLARED, claims=one.places)
        yield _line(edge, fate(one), boxes[one], boxes[nodes[one.child]])


def _line(edge: Edge, word: str, parent: Box, child: Box) -> Line:
    return Line(
        edge=edge, word=word, x1=parent.middle, y1=parent.y + HEIGHT, x2=child.middle, y2=child.y
    )
