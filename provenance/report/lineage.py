"""The graph of ancestors as JSON: its form is documented in the manual and held by a test."""

from __future__ import annotations

import json

from provenance.lineage import Edge, Graph, Node
from provenance.report.history import table as steps

UNRESOLVABLE, LEFT = "ancestry/unresolvable", "ancestry/loaded-from-path"


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
        "steps": steps(graph),
        "unresolved": [
            {
                "rule": LEFT if one.hint else UNRESOLVABLE,
                "child": one.child,
                "part": one.part,
                "text": one.text,
                "where": one.place,
                "message": one.reason,
                "likely": one.likely,
            }
            for one in graph.unresolved
        ],
    }
    return json.dumps(document, indent=1)
