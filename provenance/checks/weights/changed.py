"""What is known to be otherwise in a model than in the parent of its last step: by a change map,
else by an adapter's own headers, else by digests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.case.case import Case
from provenance.checks.weights.parents import MERGE
from provenance.claims.trained import of_files, of_parameters
from provenance.errors import Malformed
from provenance.lineage import Edge
from provenance.weights.changes.change import Change, ChangeMap, Kind, loads, percent
from provenance.weights.changes.declared import declared_words
from provenance.weights.changes.moving import BEHIND
from provenance.weights.changes.scope import Declaration
from provenance.weights.changes.untold import (
    SAVED,
    buffers,
    by_headers,
    by_ledger,
    keeps_matrices,
    layers_added,
    layers_left_out,
    tables,
    unseen,
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
    """A step to a model from a parent that is at hand, and what it is known to have changed;
    `alone` where no other parent can have been what was changed."""

    edge: Edge
    changes: tuple[Change, ...]
    alone: bool


def last_steps(case: Case) -> tuple[Step, ...]:
    """The step from each parent that is at hand.

    Several parents without a word on how they were used are a merge, as those are that are called
    one; a merge of one parent is none.
    """
    edges = [e for e in case.graph.above.get(case.graph.model, ()) if e.passes_weights_on]
    maps, held = tuple(_maps(case)), _adapter(case)
    of_each = [(e, [one for name, one in maps if _is_of(case, name, e)]) for e in edges]
    at_hand = [(e, some) for e, some in of_each if some or held or _ledger(case, e)]
    merged = len(edges) > 1 and any(e.relation in (MERGE, None) for e in edges)
    alone = len(at_hand) == 1 and not merged
    return tuple(
        Step(edge=e, changes=tuple(_changes(case, e, some, held)), alone=alone)
        for e, some in at_hand
    )


def _changes(case: Case, edge: Edge, maps: Sequence[ChangeMap], held: list[Change]) -> list[Change]:
    """What is known of a step, by what tells the most."""
    told = [one for each in maps for one in each.changes]
    return told or [*_of_adapter(held, case, edge)] or [*_by_ledger(case, edge)]


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
    moves = moves and not keeps_matrices(stored, theirs)
    for one in by_ledger(Ledger(entries=case.evidence.weights.tensors), theirs):
        is_read = one.role.rpartition("#.")[2].rpartition(".")[0] in BEHIND
        if not (moves and (is_read or BESIDE.search(one.name))):
            yield one
    names = [one.name for one in stored]
    yield from layers_added(names, theirs)
    if case.evidence.manifest == case.evidence.listing and not is_adapter_of(stored):
        yield from layers_left_out(names, theirs)


def untold(case: Case, edge: Edge) -> Iterator[str]:
    """What is left open of a step: below the rounding of packed matrices, and by digests alone."""
    made = [one for name, found in _maps(case) if _is_of(case, name, edge) for one in found.changes]
    packed_too = [one.relative for one in made if one.kind is Kind.QUANTIZED and one.relative]
    if packed_too:
        most = f"up to {percent(max(packed_too))} of a matrix"
        yield f"an edit below the rounding of packed matrices ({most}) is not told"
    if loose := [one for one in declarations(case) if one.modules and one.rank is None]:
        modules = declared_words(loose[0])
        yield f"{loose[0].said} binds the change of {modules} to no rank, and none was held"
    theirs = _ledger(case, edge)
    if theirs is None or case.evidence.weights.changes:
        return
    ours = Ledger(entries=case.evidence.weights.tensors)
    changes, open_ = by_ledger(ours, theirs), unseen(ours, theirs)
    if names := open_.halves:
        yield f"edits of {_and_more(names)}, kept as F16, are not told by digests"
    if names := open_.grown:
        yield f"which rows of {names[0]}, of another length, were changed is not told by digests"
    if names := open_.regrouped:
        yield f"edits of {_and_more(names)}, in other pieces there, are not told by digests"
    if any(one.tokens for one in declarations(case)) and (names := tables(changes)):
        yield f"which rows of {names[0]} were changed is not told by digests"
    if names := buffers(case.evidence.weights.tensors, theirs):
        yield f"whether {names[0]} is as programs write it is not told by digests"
    packed = [one for one in stored_in(case.evidence) if one.dtype not in FLOATS]
    if sum(len(one.shape) > 1 for one in packed):
        yield "edits of packed matrices are not told by a sample: the parent's weights would tell"


def _and_more(names: Sequence[str]) -> str:
    return names[0] + f" and of {len(names) - 1} more" * (len(names) > 1)


def declarations(case: Case) -> Iterator[Declaration]:
    """What is said of the last step: by who attests it, and in the files of the model."""
    for made in case.graph.made_of.get(case.graph.model, ()):
        said = f"{made.bundle} ({made.step.method} by {made.attested})"
        yield from of_parameters(said, made.step.parameters)
    yield from of_files(case.files.by_path)
