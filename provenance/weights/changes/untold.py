"""Changes where the base's values are not here: by digests of its tensors, and by an adapter's own
headers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from provenance.model import TensorDigest
from provenance.weights.changes.adapters import PRODUCT, adapted, inner, without_shared
from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.pieces import Piece
from provenance.weights.ledger import Ledger
from provenance.weights.methods import SHARED_BY_ALL, TOKENS, parameter
from provenance.weights.names import Use, meanings, respelled, role_in, table, use_of
from provenance.weights.roles import FLOATS, Numbers, role_of
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
Place = tuple[str, Numbers]


def by_ledger(ours: Ledger, theirs: Ledger) -> tuple[Change, ...]:
    """The tensors whose values are other ones than the base's, by how they begin or altogether,
    those that the base has not, and those that an adapter's parameters change.

    What is no float, and a half that was of another type, whose smallest values differ, tell
    nothing; nor does what a GGUF calls by a name that is not known.
    """
    known = dict(zip(_places(one.name for one in theirs.entries), theirs.entries, strict=True))
    held = {one.digest for one in theirs.entries} - {""}
    found = []
    for own, place in zip(ours.entries, _places(one.name for one in ours.entries), strict=True):
        if own.digest in held or own.dtype not in FLOATS or BUFFERS.search(own.name):
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


def _places(names: Iterable[str]) -> list[Place]:
    """What each tensor is for, whatever program wrote its name, and in which layer."""
    spelled = [role_of(name) for name in names]
    known = meanings(_stem(role) for role, _ in spelled)
    single = len({said.group for said in known.values() if said.layered}) <= 1
    roles = {role: role_in(known[_stem(role)], single) for role, _ in spelled}
    vectors = respelled(
        roles[role].removesuffix(".weight") + _ending(role) if known[_stem(role)].layered else role
        for role, _ in spelled
    )
    found: list[Place] = []
    for role, numbers in spelled:
        said = known[_stem(role)]
        layered = roles[role].removesuffix(".weight") + _ending(role)
        plain = roles[role] if said.known.use in (Use.TABLE, Use.POSITION) else role
        name = layered if said.layered else plain
        kept = numbers[said.before if single else 0 : said.before + said.kept]
        found.append((vectors.get(name, name), kept if said.layered else numbers))
    return found


def _stem(role: str) -> str:
    return role.removesuffix(".weight").removesuffix(".bias")


def _ending(role: str) -> str:
    return role[len(_stem(role)) :]


def _by_parameter(name: str) -> Change | None:
    """What an adapter's parameter of this name changes."""
    said = parameter(name)
    if said is None:
        return None
    role, numbers = role_of(said.changes)
    kind = Kind.ROWS if said.word == TOKENS else Kind.DENSE
    return Change(name=said.changes, role=role, numbers=numbers, kind=kind, share=1.0)


def _by_tensor(
    own: TensorDigest, place: Place, known: Mapping[Place, TensorDigest]
) -> Change | None:
    """What became of the base's tensor that has this place; None where that is not told."""
    base = known.get(place)
    kind = _by_digest(own, base)
    is_odd = base is None and own.name.startswith(BLOCK) and not _is_known(place, known)
    if kind is None or is_odd or SHARED_BY_ALL.fullmatch(own.name):
        return None
    named = base.name if base else ""
    words = VECTOR if len(own.shape) < 2 else ""
    role, numbers = place
    return Change(name=own.name, base=named, role=role, numbers=numbers, kind=kind, detail=words)


def _is_known(place: Place, known: Collection[Place]) -> bool:
    """Whether the base has such a tensor in another layer, or its name is one that is known."""
    module = _stem(place[0]).rpartition("#.")[2]
    roles = {one.role for one in table().known.values()}
    return module in roles or any(place[0] == role for role, _ in known)


def _by_digest(own: TensorDigest, base: TensorDigest | None) -> Kind | None:
    """What became of a tensor of the base, as far as digests tell."""
    if base is None:
        return Kind.ADDED
    if base.dtype not in FLOATS or (own.dtype == HALF and base.dtype != HALF):
        return None
    if base.shape != own.shape:
        grown = base.shape[1:] == own.shape[1:] and use_of(role_of(own.name)[0]) is Use.TABLE
        return None if grown else Kind.RESHAPED
    other = own.opening != base.opening or (own.digest and base.digest not in ("", own.digest))
    return Kind.DENSE if other else None


def tables(changes: Iterable[Change]) -> tuple[str, ...]:
    """The names of the tables of tokens among them."""
    return tuple(one.name for one in changes if use_of(one.role) is Use.TABLE)


def layers_added(names: Sequence[str], theirs: Ledger) -> tuple[Change, ...]:
    """A tensor of each layer of a model with these tensors that the base has not, whatever form its
    weights have."""
    known: dict[str, set[str]] = {}
    for role, numbers in _places(one.name for one in theirs.entries):
        if numbers and "#" in role:
            known.setdefault(role.partition("#")[0], set()).add(numbers[0])
    found: dict[Place, Change] = {}
    for name, (role, numbers) in zip(names, _places(names), strict=True):
        stack = role.partition("#")[0]
        if numbers and "#" in role and stack in known and numbers[0] not in known[stack]:
            change = Change(
                name=name, role=role, numbers=numbers, kind=Kind.ADDED, detail=NEW_LAYER
            )
            found.setdefault((stack, numbers[:1]), change)
    return tuple(found.values())


def buffers(ours: Iterable[TensorDigest], theirs: Ledger) -> tuple[str, ...]:
    """The names of buffers whose values are not the base's."""
    held = {one.digest for one in theirs.entries} - {""}
    return tuple(o.name for o in ours if BUFFERS.search(o.name) and o.digest not in held)
