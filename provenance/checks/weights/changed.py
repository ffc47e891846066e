"""What is known to be otherwise in a model than in the parent of its last step: by a change map,
else by an adapter's own headers, else by digests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.case.case import Case
from provenance.checks.weights.parents import MERGE
from provenance.claims.trained import of_files, of_parameters
from provenance.errors import Malformed
from provenance.lineage import Edge
from provenance.weights.changes.change import Change, ChangeMap, loads
from provenance.weights.changes.moving import BEHIND
from provenance.weights.changes.scope import Declaration
from provenance.weights.changes.untold import (
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

BESIDE = re.compile(
    r"(?:scales?|_scale_inv|zero_points?|qzeros|amax|absmax|quant_map|SCB|biases|_shift)$"
)
"""How the names of tensors end that a quantiser adds, and that loaders read as nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The last step of a model, and what it is known to have changed."""

    edge: Edge
    changes: tuple[Change, ...]


def last_step(case: Case) -> Step | None:
    """The step from the one parent that is at hand; None where there is none, or several are.

    What a merge changes nobody can tell apart, and several parents without a word on how they were
    used are one.
    """
    edges = [e for e in case.graph.above.get(case.graph.model, ()) if e.passes_weights_on]
    merged = (MERGE, None) if len(edges) > 1 else (MERGE,)
    maps, held = tuple(_maps(case)), _adapter(case)
    of_each = [
        (edge, [one for name, one in maps if _is_of(case, name, edge)])
        for edge in edges
        if edge.relation not in merged
    ]
    at_hand = [(edge, some) for edge, some in of_each if some or held or _ledger(case, edge)]
    if len(at_hand) != 1:
        return None
    ((edge, found),) = at_hand
    told = [one for each in found for one in each.changes]
    told = told or [*_of_adapter(held, case, edge)] or [*_by_ledger(case, edge)]
    return Step(edge=edge, changes=tuple(told))


def unread_maps(case: Case) -> Iterator[tuple[str, str]]:
    """The maps of changes that cannot be read, each with the reason."""
    for document in case.evidence.weights.changes:
        try:
            loads(document.data)
        except Malformed as error:
            yield document.path, str(error)


def _maps(case: Case) -> Iterator[tuple[str, ChangeMap]]:
    broken = {path for path, _ in unread_maps(case)}
    for document in case.evidence.weights.changes:
        if document.path not in broken:
            yield document.path, loads(document.data)


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
