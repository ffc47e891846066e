"""What was changed beyond what somebody declares of a step.

Part of the check of weights; its rules are on that check's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from provenance.case.case import Case
from provenance.checks.weights.parents import MERGE
from provenance.claims.trained import of_files, of_parameters
from provenance.errors import Malformed
from provenance.lineage import Edge
from provenance.verdict import Finding, failed, unknown
from provenance.weights.changes.buffers import is_written
from provenance.weights.changes.change import Change, ChangeMap, Kind, loads
from provenance.weights.changes.declared import (
    Excess,
    exceeded,
    exceeded_by_ledger,
    sentence,
    unread,
)
from provenance.weights.changes.scope import Declaration
from provenance.weights.ledger import Ledger

SHOWN = 5
STORED = {"quantized": "a quantisation", "converted": "a conversion"}
"""Relations that change how weights are stored, and not what they are."""
TRAINED = frozenset({Kind.DENSE, Kind.LOW_RANK, Kind.ROWS})
"""What training does to weights, and storing them otherwise does not."""
BESIDE = re.compile(r"(?:scales?|_scale_inv|zero_points?|amax|absmax|_shift)$")
"""How the names of tensors end that a quantiser adds, and that loaders read as nothing else."""


def exceeding(case: Case) -> Iterator[Finding]:
    """The changes of the last step that are beyond what is said of it.

    Only a step from one parent that is at hand is looked at. What a merge changes nobody can tell
    apart, and several parents without a word on how they were used are one.
    """
    maps: list[tuple[str, ChangeMap]] = []
    for document in case.evidence.weights.changes:
        try:
            maps.append((document.path, loads(document.data)))
        except Malformed as error:
            message = f"the map of changes cannot be read ({error}): compare again"
            yield unknown("weights/unread", message, document.path)
    own = case.graph.above.get(case.graph.model, ())
    edges = [edge for edge in own if edge.passes_weights_on]
    merged = (MERGE, None) if len(edges) > 1 else (MERGE,)
    of_each = [
        (edge, [one for name, one in maps if _is_of(case, name, edge)])
        for edge in edges
        if edge.relation not in merged
    ]
    at_hand = [(edge, some) for edge, some in of_each if some or _ledger(case, edge)]
    if len(at_hand) == 1:
        ((edge, found),) = at_hand
        yield from _beyond(case, edge, found)
        yield from _trained(edge, found)
        yield from _grown(edge, found)


def _ledger(case: Case, edge: Edge) -> Ledger | None:
    """The tensors of a parent, as far as a fingerprint of it tells."""
    kin, node = case.graph.kin, case.graph.by_key[edge.parent]
    return kin.ledgers.get(kin.known_as(edge.parent, node.manifest))


def _is_of(case: Case, name: str, edge: Edge) -> bool:
    """Whether a map whose base has this name is that of a step."""
    manifest = case.graph.by_key[edge.parent].manifest
    known = case.claimed.by_claim.get(name)
    same = known is not None and manifest is not None and known.manifest == manifest
    return same or case.claimed.canonical(name) == edge.parent


def _beyond(case: Case, edge: Edge, maps: list[ChangeMap]) -> Iterator[Finding]:
    for said, some in _by_place(_of_one_base(tuple(declarations(case)))).items():
        if why := next(filter(None, map(unread, some)), ""):
            yield unknown("weights/unread", f"{said}: {why}", edge.parent)
            continue
        each = [_excess(case, edge, maps, declared) for declared in some]
        names = set.intersection(*({one.change.name for one in found} for found in each))
        if beyond := tuple(one for one in each[0] if one.change.name in names):
            words = f"{said}: {sentence(some[0], beyond)}"
            more = f" (and beyond the {len(some) - 1} other recipes there)" * (len(some) > 1)
            message = f"{words}{more}: do not deploy it, and ask what else was done"
            yield failed("weights/exceeded", message, edge.parent)


def _by_place(some: Iterable[Declaration]) -> dict[str, list[Declaration]]:
    """The declarations of each place; of several in one any may be what was done."""
    found: dict[str, list[Declaration]] = {}
    for one in some:
        found.setdefault(one.said, []).append(one)
    return found


def _excess(
    case: Case, edge: Edge, maps: list[ChangeMap], declared: Declaration
) -> tuple[Excess, ...]:
    """By the map of changes; without one by the tensors that a fingerprint of the parent has."""
    if maps:
        return tuple(one for found in maps for one in exceeded(declared, found.changes))
    theirs = _ledger(case, edge)
    ours = Ledger(entries=case.evidence.weights.tensors)
    return exceeded_by_ledger(declared, ours, theirs) if theirs else ()


def declarations(case: Case) -> Iterator[Declaration]:
    """What is said of the last step: by who attests it, and in the files of the model."""
    for made in case.graph.made_of.get(case.graph.model, ()):
        said = f"{made.bundle} ({made.step.method} by {made.attested})"
        yield from of_parameters(said, made.step.parameters)
    yield from of_files(case.files.by_path)


def _of_one_base(some: tuple[Declaration, ...]) -> tuple[Declaration, ...]:
    """All of them with the base that one of them tells of: rounded to four bits, or as it is."""
    four_bits = any(one.four_bits for one in some)
    return tuple(replace(one, four_bits=four_bits) for one in some)


def _trained(edge: Edge, maps: list[ChangeMap]) -> Iterator[Finding]:
    """What training does, where only the way of storing is said to be another."""
    found = [one for changes in maps for one in changes.changed if _is_trained(one)]
    if found and edge.relation in STORED:
        named = (f"{one.name:.200} ({_size(one)})" for one in found[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        said = f"declared {STORED[edge.relation]}; {', '.join(named)}{more} changed otherwise"
        message = f"{said}: do not deploy it, and ask what else was done"
        yield failed("weights/exceeded", message, edge.parent)


def _is_trained(change: Change) -> bool:
    if is_written(change):
        return False
    return change.kind in TRAINED or (change.kind is Kind.ADDED and not BESIDE.search(change.name))


def _size(change: Change) -> str:
    return f"{change.kind}, {change.relative:.1%}" if change.relative else change.kind


def _grown(edge: Edge, maps: list[ChangeMap]) -> Iterator[Finding]:
    """Layers that the parent has not, and nobody says of: of a fine-tune they would be new."""
    for changes in maps:
        held = {one.role for one in changes.changes if one.kind is not Kind.ADDED}
        more = [one for one in changes.changes if one.kind is Kind.ADDED and one.numbers]
        layers = dict.fromkeys(_layer(one) for one in more if one.role in held)
        if layers and edge.relation not in STORED:
            named = ", ".join([*layers][:SHOWN]) + " and more" * (len(layers) > SHOWN)
            message = f"{named} not in {edge.parent}, in no layer of it: ask whose the rest is"
            yield unknown("weights/partial", message, edge.parent)


def _layer(change: Change) -> str:
    before, _, _ = change.role.partition("#")
    return f"{before}{change.numbers[0]}"
