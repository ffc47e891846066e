"""What was changed beyond what somebody declares of a step.

Part of the check of weights; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from provenance.case.case import Case
from provenance.checks.weights.changed import BESIDE, declarations, last_step, unread_maps
from provenance.lineage import Edge
from provenance.verdict import Finding, failed, unknown
from provenance.weights.changes.buffers import is_written
from provenance.weights.changes.change import UNCHANGED, Change, Kind
from provenance.weights.changes.declared import exceeded, sentence, told_of, unread
from provenance.weights.changes.scope import Declaration
from provenance.weights.changes.untold import NEW_LAYER

SHOWN = 5
STORED = {"quantized": "a quantisation", "converted": "a conversion"}
"""Relations that change how weights are stored, and not what they are."""
TRAINED = frozenset({Kind.DENSE, Kind.LOW_RANK, Kind.ROWS})
"""What training does to weights, and storing them otherwise does not."""


def exceeding(case: Case) -> Iterator[Finding]:
    """The changes of the last step that are beyond what is said of it, where its parent is at
    hand."""
    for path, why in unread_maps(case):
        message = f"the map of changes cannot be read ({why}): compare again"
        yield unknown("weights/unread", message, path)
    step = last_step(case)
    if step:
        yield from _beyond(case, step.edge, step.changes)
        yield from _trained(step.edge, step.changes)
        yield from _grown(step.edge, step.changes)


def _beyond(case: Case, edge: Edge, changes: tuple[Change, ...]) -> Iterator[Finding]:
    for said, some in _by_place(_of_one_base(tuple(declarations(case)))).items():
        if why := next(filter(None, map(unread, some)), ""):
            yield unknown("weights/unread", f"{said}: {why}", edge.parent)
            continue
        each = [exceeded(one, told_of(one, changes)) for one in some]
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


def _of_one_base(some: tuple[Declaration, ...]) -> tuple[Declaration, ...]:
    """All of them with the base that one of them tells of: rounded to four bits, or as it is."""
    four_bits = any(one.four_bits for one in some)
    return tuple(replace(one, four_bits=four_bits) for one in some)


def _trained(edge: Edge, changes: tuple[Change, ...]) -> Iterator[Finding]:
    """What training does, where only the way of storing is said to be another."""
    found = [one for one in changes if one.kind not in UNCHANGED and _is_trained(one)]
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


def _grown(edge: Edge, changes: tuple[Change, ...]) -> Iterator[Finding]:
    """Layers that the parent has not, and nobody says of: of a fine-tune they would be new."""
    held = {one.role for one in changes if one.kind is not Kind.ADDED}
    more = [one for one in changes if one.kind is Kind.ADDED and one.numbers]
    some = (one for one in more if one.role in held or one.detail == NEW_LAYER)
    layers = dict.fromkeys(map(_layer, some))
    if layers and edge.relation not in STORED:
        named = ", ".join([*layers][:SHOWN]) + " and more" * (len(layers) > SHOWN)
        message = f"{named} is in no layer of {edge.parent}: ask whose the rest is"
        yield unknown("weights/partial", message, edge.parent)


def _layer(change: Change) -> str:
    before, _, _ = change.role.partition("#")
    return f"{before}{change.numbers[0]}"
