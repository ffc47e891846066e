"""Which piece of a derivative is which of its base: by name, by role and layer, behind a prefix."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from provenance.weights.changes.adapters import beside
from provenance.weights.changes.pieces import Piece
from provenance.weights.names import Use, use_of
from provenance.weights.pairing import parts
from provenance.weights.roles import Numbers

Place = tuple[str, Numbers]
Key = TypeVar("Key")
HEADS = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output)\.weight$")
"""What turns the residual stream to tokens: in many models the table of the tokens itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A piece of the derivative and one of the base; None where the other has none. Where one of
    both models has no head of its own, `head` is the other's, which stands beside its table.
    `adapts` says that the derivative's changes the base's and does not stand in its place."""

    base: Piece | None = None
    derived: Piece | None = None
    head: Piece | None = None
    adapts: bool = False


def pairs(
    base: Sequence[Piece],
    derived: Sequence[Piece],
    spelled: Mapping[str, str],
    moved: Mapping[Place, Place],
    *,
    heads: bool = True,
) -> tuple[Pair, ...]:
    """Every piece of both, in pairs where they are the same thing. `spelled` has the base's role of
    those that it has behind another prefix; `moved` says of a place in the derivative which place
    of the base it was, where its layer has another number now. `heads`: a head of the base that the
    derivative has not stands beside its table."""
    named, placed = _by(base, _name), _by(base, _place)
    found: list[Pair] = []
    for some in _by(derived, _name).values():
        for nth, piece in enumerate(some):
            here = _place(piece)
            there = moved.get(here, (spelled.get(piece.role, piece.role), piece.numbers))
            others = (here not in moved and named.get(_name(piece))) or placed.get(there, [])
            other = others[min(nth, len(others) - 1)] if others else None
            found.append(Pair(base=other, derived=piece))
    taken = {id(pair.base) for pair in found}
    left = [Pair(base=piece) for piece in base if id(piece) not in taken]
    found = [_with_table(pair, base, derived) for pair in found]
    return (*found, *(_with_table(pair, base, derived) if heads else pair for pair in left))


def adapting(adapter: Sequence[Piece], base: Sequence[Piece]) -> tuple[Pair, ...]:
    """Each of an adapter's pieces beside the tensor that it changes; alone where there is none."""
    found = beside(adapter, base)
    return tuple(
        Pair(base=found.get(at), derived=piece, adapts=True) for at, piece in enumerate(adapter)
    )


def saved_whole(derived: Sequence[Piece], base: Sequence[Piece]) -> tuple[Pair, ...]:
    """What an adapter has whole, beside what has that name in the base."""
    found = beside(derived, base)
    return tuple(
        Pair(base=found[at], derived=piece)
        for at, piece in enumerate(derived)
        if at in found and (piece.is_whole or not piece.is_plain)
    )


def _name(piece: Piece) -> tuple[str, str, str]:
    return piece.folder, piece.name, piece.role


def _place(piece: Piece) -> Place:
    return piece.role, piece.numbers


def _by(pieces: Iterable[Piece], key: Callable[[Piece], Key]) -> dict[Key, list[Piece]]:
    found: dict[Key, list[Piece]] = defaultdict(list)
    for piece in pieces:
        found[key(piece)].append(piece)
    return dict(found)


def spelled_alike(base: Sequence[Piece], derived: Sequence[Piece]) -> dict[str, str]:
    """For the roles of the derivative that the base has behind another prefix, the base's."""
    ours = {piece.role: piece for piece in derived}
    theirs = {piece.role: piece for piece in base}

    def fits(role: str, other: str) -> bool:
        one, two = ours[role].matrix, theirs[other].matrix
        return (one.rows, one.columns) == (two.rows, two.columns)

    found: dict[str, str] = {}
    for part in parts(ours.keys(), theirs.keys(), fits):
        found.update(part.pairs)
    return found


def _with_table(pair: Pair, base: Sequence[Piece], derived: Sequence[Piece]) -> Pair:
    """A head that only one model has, beside the table of the other."""
    alone = pair.base or pair.derived
    if alone is None or (pair.base and pair.derived) or not HEADS.search(alone.role):
        return pair
    others = derived if pair.base else base
    table = next((one for one in others if _is_table(one, alone, longer=not pair.base)), None)
    if table is None:
        return pair
    both = (alone, table) if pair.base else (table, alone)
    return Pair(base=both[0], derived=both[1], head=alone)


def _is_table(piece: Piece, head: Piece, *, longer: bool) -> bool:
    """Whether a head may be this table; one of the derivative has the length that its own has."""
    one, two = piece.matrix, head.matrix
    same = one.columns == two.columns and (one.rows == two.rows or longer)
    return same and use_of(piece.role) is Use.TABLE and not HEADS.search(piece.role)
