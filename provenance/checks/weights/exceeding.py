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
from provenance.weights.changes.change import UNCHANGED, Change, ChangeMap, Kind, loads
from provenance.weights.changes.declared import (
    exceeded,
    sentence,
    told_of,
    unread,
)
from provenance.weights.changes.moving import BEHIND
from provenance.weights.changes.scope import Declaration
from provenance.weights.changes.untold import (
    NEW_LAYER,
    SAVED,
    buffers,
    by_headers,
    by_ledger,
    layers_added,
    tables,
)
from provenance.weights.factored import is_adapter_of
from provenance.weights.forms.ggml import TYPES as GGML
from provenance.weights.ledger import Ledger
from provenance.weights.roles import FLOATS
from provenance.weights.stored import stored_in

SHOWN = 5
STORED = {"quantized": "a quantisation", "converted": "a conversion"}
"""Relations that change how weights are stored, and not what they are."""
TRAINED = frozenset({Kind.DENSE, Kind.LOW_RANK, Kind.ROWS})
"""What training does to weights, and storing them otherwise does not."""
BESIDE = re.compile(
    r"(?:scales?|_scale_inv|zero_points?|qzeros|amax|absmax|quant_map|SCB|biases|_shift)$"
)
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
    held = _adapter(case)
    at_hand = [(edge, some) for edge, some in of_each if some or held or _ledger(case, edge)]
    if len(at_hand) == 1:
        ((edge, found),) = at_hand
        told = [one for each in found for one in each.changes]
        told = told or [*_of_adapter(held, case, edge)] or [*_by_ledger(case, edge)]
        yield from _beyond(case, edge, told)
        yield from _trained(edge, told)
        yield from _grown(edge, told)


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


def _beyond(case: Case, edge: Edge, changes: list[Change]) -> Iterator[Finding]:
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


def _adapter(case: Case) -> list[Change]:
    """What an adapter says by itself, where its base is not here; nothing of another model."""
    stored = stored_in(case.evidence)
    return list(by_headers(stored)) if is_adapter_of(stored) else []


def _of_adapter(held: list[Change], case: Case, edge: Edge) -> Iterator[Change]:
    """The same, and of what is saved whole what a fingerprint of the base tells."""
    known = _ledger(case, edge) is not None
    yield from (one for one in held if not (known and one.detail == SAVED))
    if held and known:
        yield from (one for one in _by_ledger(case, edge) if not one.share)


def _by_ledger(case: Case, edge: Edge) -> Iterator[Change]:
    """The changes that a fingerprint of the parent tells, those that quantisers make left out."""
    theirs, stored = _ledger(case, edge), stored_in(case.evidence)
    if theirs is None:
        return
    moves = any(one.dtype not in FLOATS and len(one.shape) > 1 for one in stored)
    moves = moves and not any(one.dtype in GGML for one in stored)
    for one in by_ledger(Ledger(entries=case.evidence.weights.tensors), theirs):
        is_read = one.role.rpartition("#.")[2].rpartition(".")[0] in BEHIND
        if not (moves and (is_read or BESIDE.search(one.name))):
            yield one
    yield from layers_added([one.name for one in stored], theirs)


def untold(case: Case, edge: Edge) -> Iterator[str]:
    """What is left open of a step of which digests alone tell."""
    theirs = _ledger(case, edge)
    if theirs is None or case.evidence.weights.changes:
        return
    changes = by_ledger(Ledger(entries=case.evidence.weights.tensors), theirs)
    if any(one.tokens for one in declarations(case)) and (names := tables(changes)):
        yield f"which rows of {names[0]} were changed is not told by digests"
    if names := buffers(case.evidence.weights.tensors, theirs):
        yield f"whether {names[0]} is as programs write it is not told by digests"
    packed = [one for one in stored_in(case.evidence) if one.dtype not in FLOATS]
    if sum(len(one.shape) > 1 for one in packed):
        yield "edits of packed matrices are not told by a sample: the parent's weights would tell"


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


def _trained(edge: Edge, changes: list[Change]) -> Iterator[Finding]:
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


def _grown(edge: Edge, changes: list[Change]) -> Iterator[Finding]:
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
