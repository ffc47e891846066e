"""Where the nodes of a graph stand when it is drawn: layers from the model up, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.lineage import Edge, Graph, Node

WIDTH, HEIGHT, GAP, STEP = 190, 62, 20, 130
LABEL = 140
"""Pixels of what stands beside an edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node and its upper left corner, in pixels."""

    node: Node
    x: int
    y: int

    @property
    def middle(self) -> int:
        """Where edges meet it."""
        return self.x + WIDTH // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An edge, from the parent's lower side to the child's upper side."""

    edge: Edge
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
    """Every node in the layer of its longest known way down to the model."""
    depth = _depths(graph)
    layers: dict[int, list[Node]] = {}
    for node in graph.nodes:
        layers.setdefault(depth.get(node.key, 0), []).append(node)
    widest = max(len(layer) for layer in layers.values())
    width = widest * (WIDTH + GAP) + GAP
    height = (max(layers) + 1) * STEP
    boxes = {}
    for level, layer in layers.items():
        left = (width - len(layer) * (WIDTH + GAP) + GAP) // 2
        y = height - (level + 1) * STEP + GAP
        for number, node in enumerate(layer):
            boxes[node.key] = Box(node=node, x=left + number * (WIDTH + GAP), y=y)
    return Drawing(
        boxes=tuple(boxes.values()),
        lines=tuple(_line(edge, boxes) for edge in graph.edges),
        width=width,
        height=height - (STEP - HEIGHT - 2 * GAP),
    )


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


def _line(edge: Edge, boxes: dict[str, Box]) -> Line:
    parent, child = boxes[edge.parent], boxes[edge.child]
    return Line(edge=edge, x1=parent.middle, y1=parent.y + HEIGHT, x2=child.middle, y2=child.y)
