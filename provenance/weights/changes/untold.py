"""Changes where the base's values are not here: by digests of its tensors, and by an adapter's own
headers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from provenance.model import TensorDigest
from provenance.weights.changes.adapters import PRODUCT, adapted, inner, without_shared
from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.pieces import Piece
from provenance.weights.changes.places import Pieces, Place, by_place, is_elsewhere, places, stem
from provenance.weights.ledger import Ledger
from provenance.weights.methods import SHARED_BY_ALL, TOKENS, parameter
from provenance.weights.names import Use, table, use_of
from provenance.weights.roles import FLOATS, role_of
from provenance.weights.stored import Stored

BUFFERS = re.compile(
    r"(?:inv_freq|rope_freqs\.weight|position_ids|masked_bias|\.attn\.bias|num_batches_tracked)$"
)
"""What programs write or leave out as they like: by digests nobody can tell whether they did."""
HALF = "F16"
BLOCK = "blk."
"""What the name of a layer's tensor begins with in a GGUF."""
SAVED, VECTOR = "saved whole", "a vector"
NEW_LAYER = "in a layer that the base has not"


def by_ledger(ours: Ledger, theirs: Ledger) -> tuple[Change, ...]:
    """The tensors whose values are other ones than the base's, by how they begin or altogether,
    those that the base has not, and those that an adapter's parameters change. Equal values count
    where the base has them; elsewhere only where it has nothing in that place.

    What is no float, and a half that was of another type, whose smallest values differ, tell
    nothing; nor does what a GGUF calls by a name that is not known, and what the base keeps in
    other pieces.
    """
    known = by_place(theirs)
    held = {one.digest for one in theirs.entries} - {""}
    pieces, found = Pieces.of(known), []
    for own, place in zip(ours.entries, places(one.name for one in ours.entries), strict=True):
        if own.dtype not in FLOATS or BUFFERS.search(own.name):
            continue
        if own.digest in held and not is_elsewhere(own, known.get(place, ())):
            continue
        if place not in known and pieces.has_otherwise(place):
            continue
        if change := _by_parameter(own.name) or _by_tensor(own, place, known):
            found.append(change)
    return tuple(found)


def by_headers(stored: Sequence[Stored]) -> tuple[Change, ...]:
    """What an adapter's tensors change, by their names and shapes: each module that has factors,
    with their rank, and each tensor that is saved whole."""
    made, rest = adapted(stored)
    whole = without_shared(rest)
    return (*map(_of_piece, made), *(_of_tensor(one) for one in whole))


def _of_piece(piece: Piece) -> Change:
    said = parameter(piece.main.name)
    rows = said is not None and said.word == TOKENS
    kind = Kind.ROWS if rows else Kind.DENSE
    rank = inner(piece.main) if piece.matrix.form == PRODUCT else None
    return Change(
        name=piece.name,
        role=piece.role,
        numbers=piece.numbers,
        kind=Kind.LOW_RANK if rank is not None else kind,
        rank=rank,
        share=1.0,
    )


def _of_tensor(one: Stored) -> Change:
    """A tensor that is saved whole; of a table nobody can tell whether it only grew."""
    role, numbers = role_of(one.name)
    kind = Kind.RESHAPED if use_of(role) is Use.TABLE else Kind.DENSE
    return Change(name=one.name, role=role, numbers=numbers, kind=kind, detail=SAVED)


def _by_parameter(name: str) -> Change | None:
    """What an adapter's parameter of this name changes."""
    said = parameter(name)
    if said is None:
        return None
    role, numbers = role_of(said.changes)
    kind = Kind.ROWS if said.word == TOKENS else Kind.DENSE
    return Change(name=said.changes, role=role, numbers=numbers, kind=kind, share=1.0)


def _by_tensor(
    own: TensorDigest, place: Place, known: Mapping[Place, Sequence[TensorDigest]]
) -> Change | None:
    """What became of the base's tensor that has this place; None where that is not told."""
    here = known.get(place, ())
    kinds = [_by_digest(own, base) for base in here] or [Kind.ADDED]
    of_gguf = own.name.startswith(BLOCK) or own.path.endswith(".gguf")
    is_odd = not here and of_gguf and not _is_known(place, known)
    if None in kinds or is_odd or SHARED_BY_ALL.fullmatch(own.name):
        return None
    named = here[0].name if here else ""
    words = VECTOR if len(own.shape) < 2 else ""
    role, numbers = place
    kind = kinds[0] or Kind.DENSE
    return Change(name=own.name, base=named, role=role, numbers=numbers, kind=kind, detail=words)


def _is_known(place: Place, known: Collection[Place]) -> bool:
    """Whether the base has such a tensor in another layer, or its name is one that is known."""
    module = stem(place[0]).rpartition("#.")[2]
    roles = {one.role for one in table().known.values()}
    return module in roles or any(place[0] == role for role, _ in known)


def _by_digest(own: TensorDigest, base: TensorDigest) -> Kind | None:
    """What became of a tensor of the base, as far as digests tell."""
    if base.dtype not in FLOATS or _is_halved(own, base):
        return None
    if base.shape != own.shape:
        return None if _is_grown(own, base) else Kind.RESHAPED
    other = own.opening != base.opening or (own.digest and base.digest not in ("", own.digest))
    return Kind.DENSE if other else None


def _is_halved(own: TensorDigest, base: TensorDigest) -> bool:
    """Whether it is a half that was of another type, whose smallest values differ then."""
    return own.dtype == HALF and base.dtype != HALF


def _is_grown(own: TensorDigest, base: TensorDigest) -> bool:
    """Whether it is a table of tokens of another length."""
    same = base.shape[1:] == own.shape[1:] and base.shape != own.shape
    return same and use_of(role_of(own.name)[0]) is Use.TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """The names of tensors that are not the base's by digests, which tell nothing of them: those
    kept as halves of another type, tables that have another length, and what the base keeps in
    other pieces."""

    halves: tuple[str, ...]
    grown: tuple[str, ...]
    regrouped: tuple[str, ...]


def unseen(ours: Ledger, theirs: Ledger) -> Unseen:
    """What digests leave open of tensors that are kept as floats."""
    known, held = by_place(theirs), {one.digest for one in theirs.entries} - {""}
    pieces = Pieces.of(known)
    halves, grown, regrouped = [], [], []
    for own, place in zip(ours.entries, places(one.name for one in ours.entries), strict=True):
        if own.digest in held or own.dtype not in FLOATS:
            continue
        here = known.get(place, ())
        halves += [own.name] * any(_is_halved(own, one) for one in here)
        grown += [own.name] * any(_is_grown(own, one) for one in here)
        regrouped += [own.name] * (not here and pieces.has_otherwise(place))
    return Unseen(halves=tuple(halves), grown=tuple(grown), regrouped=tuple(regrouped))


def keeps_matrices(stored: Sequence[Stored], theirs: Ledger) -> bool:
    """Whether half of the matrices in the base's layers or more are kept as floats, unpacked."""
    layered = {
        place: {one.shape for one in some if len(one.shape) > 1}
        for place, some in by_place(theirs).items()
        if "#" in place[0] and any(len(one.shape) > 1 for one in some)
    }
    floats = [one for one in stored if one.dtype in FLOATS and len(one.shape) > 1]
    ours = places(one.name for one in floats)
    kept = {
        place
        for one, place in zip(floats, ours, strict=True)
        if one.shape in layered.get(place, ())
    }
    return 2 * len(kept) >= len(layered)


def tables(changes: Iterable[Change]) -> tuple[str, ...]:
    """The names of the tables of tokens among them."""
    return tuple(one.name for one in changes if use_of(one.role) is Use.TABLE)


def layers_added(names: Sequence[str], theirs: Ledger) -> tuple[Change, ...]:
    """A tensor of each layer of a model with these tensors that the base has not, whatever form its
    weights have."""
    known: dict[str, set[str]] = {}
    for role, numbers in places(one.name for one in theirs.entries):
        if numbers and "#" in role:
            known.setdefault(role.partition("#")[0], set()).add(numbers[0])
    found: dict[Place, Change] = {}
    for name, (role, numbers) in zip(names, places(names), strict=True):
        stack = role.partition("#")[0]
        if numbers and "#" in role and stack in known and numbers[0] not in known[stack]:
            change = Change(
                name=name, role=role, numbers=numbers, kind=Kind.ADDED, detail=NEW_LAYER
            )
            found.setdefault((stack, numbers[:1]), change)
    return tuple(found.values())


def layers_left_out(names: Sequence[str], theirs: Ledger) -> tuple[Change, ...]:
    """A tensor of each layer of the base of which a model with these tensors has none, where it has
    another layer of that stack."""
    held: dict[str, set[str]] = {}
    for role, numbers in places(names):
        if numbers and "#" in role:
            held.setdefault(role.partition("#")[0], set()).add(numbers[0])
    found: dict[Place, Change] = {}
    for (role, numbers), (one, *_) in by_place(theirs).items():
        stack = role.partition("#")[0]
        if numbers and "#" in role and stack in held and numbers[0] not in held[stack]:
            change = Change(name=one.name, role=role, numbers=numbers, kind=Kind.REMOVED)
            found.setdefault((stack, numbers[:1]), change)
    return tuple(found.values())


def buffers(ours: Iterable[TensorDigest], theirs: Ledger) -> tuple[str, ...]:
    """The names of buffers whose values are not the base's."""
    held = {one.digest for one in theirs.entries} - {""}
    return tuple(o.name for o in ours if BUFFERS.search(o.name) and o.digest not in held)
