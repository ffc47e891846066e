"""What was changed beyond what somebody declares of a step.

Part of the check of weights; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.case.case import Case
from provenance.claims.trained import of_files, of_parameters
from provenance.errors import Malformed
from provenance.lineage import Edge
from provenance.verdict import Finding, failed, unknown
from provenance.weights.changes.change import Change, ChangeMap, Kind, loads
from provenance.weights.changes.declared import Declaration, exceeded

ASK = "do not deploy it, and ask what else was done"
SHOWN = 5
STORED = {"quantized": "a quantisation", "converted": "a conversion"}
"""Relations that change how weights are stored, and not what they are."""
TRAINED = frozenset({Kind.DENSE, Kind.LOW_RANK, Kind.ROWS})
"""What training does to weights, and storing them otherwise does not."""
AROUND = ("norm", "bias")
"""Parts of roles of vectors into which a quantiser may move what it takes from a matrix (AWQ)."""


def exceeding(case: Case) -> Iterator[Finding]:
    """The changes of each step of the model itself that are beyond what is said of it."""
    for document in case.evidence.weights.changes:
        try:
            changes = loads(document.data)
        except Malformed as error:
            message = f"the map of changes cannot be read ({error}): compare again"
            yield unknown("weights/unread", message, document.path)
        else:
            yield from _of(case, changes, _edge(case, document.path))


def _edge(case: Case, name: str) -> Edge | None:
    """The step from the model of this name, if it is the one parent whose weights this one has."""
    graph, parent = case.graph, case.claimed.canonical(name)
    own = [edge for edge in graph.above.get(graph.model, ()) if edge.passes_weights_on]
    if len(own) != 1:
        return None
    known, node = case.claimed.by_claim.get(name), graph.by_key[own[0].parent]
    by_digest = known is not None and known.manifest is not None is not node.manifest
    same = by_digest and known is not None and known.manifest == node.manifest
    return own[0] if same or own[0].parent == parent else None


def _of(case: Case, changes: ChangeMap, edge: Edge | None) -> Iterator[Finding]:
    if edge is None:
        return
    for declared in declarations(case):
        beyond = exceeded(declared, changes.changes)
        if beyond:
            words = "; ".join(one.words for one in beyond[:SHOWN])
            message = f"{declared.said}: {words}{_more(len(beyond))}: {ASK}"
            yield failed("weights/exceeded", message, edge.parent)
    if edge.relation in STORED:
        trained = [one for one in changes.changed if _is_trained(one)]
        if trained:
            message = f"declared {STORED[edge.relation]}; {_listed(trained)}: {ASK}"
            yield failed("weights/exceeded", message, edge.parent)


def declarations(case: Case) -> Iterator[Declaration]:
    """What is said of the last step: by who attests it, and in the files of the model."""
    for made in case.graph.made_of.get(case.graph.model, ()):
        said = f"{made.bundle} ({made.step.method} by {made.attested})"
        yield from of_parameters(said, made.step.parameters)
    yield from of_files(case.files.by_path)


def _is_trained(change: Change) -> bool:
    return change.kind in TRAINED and not any(word in change.role for word in AROUND)


def _listed(trained: list[Change]) -> str:
    """The first of them, each with how it changed."""
    named = (f"{one.name:.200} ({one.kind}, {one.relative:.1%})" for one in trained[:SHOWN])
    return f"{', '.join(named)}{_more(len(trained))} changed otherwise"


def _more(count: int) -> str:
    return f" and {count - SHOWN} more" if count > SHOWN else ""
