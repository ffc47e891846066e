"""The rank of a change in all parts of one tensor together: query, key and value, gate and up.

Each part is compared by itself. An adapter of the fused module has one rank for all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.delta import Side, rounded
from provenance.weights.changes.pairs import Pair
from provenance.weights.changes.pieces import Piece
from provenance.weights.changes.rank import DIGITS, Indices, places, rank, ulps
from provenance.weights.changes.turning import lies_turned
from provenance.weights.roles import Numbers
from provenance.weights.stored import Reader, Unreadable
from provenance.weights.values import Floats

CHANGED = frozenset({Kind.LOW_RANK, Kind.DENSE})
Told = tuple[Pair, Change]
Tensor = tuple[str, str, str, Numbers]
"""What is one matrix to its program: a tensor, and of a stack which of them."""


def with_wholes(some: Iterable[Told], base_reader: Reader, reader: Reader) -> list[Change]:
    """The changes, with the rank of the tensor of which several parts have one."""
    told = list(some)
    parts: dict[Tensor, list[int]] = defaultdict(list)
    for at, (pair, change) in enumerate(told):
        if change.kind in CHANGED and change.rank is not None and _is_part(pair):
            main = pair.derived.main if pair.derived else None
            key = (main.path if main else "", change.name, change.base, change.numbers)
            parts[key].append(at)
    changes = [change for _, change in told]
    for group in parts.values():
        if len(group) > 1:
            found = _together([told[at][0] for at in group], base_reader, reader)
            for at in group:
                changes[at] = replace(changes[at], whole=found)
    return changes


def _is_part(pair: Pair) -> bool:
    both = (pair.base, pair.derived)
    return not pair.adapts and all(one and one.dtype and one.size != one.main.size for one in both)


def _together(pairs: Sequence[Pair], base_reader: Reader, reader: Reader) -> int | None:
    before = _joined([pair.base for pair in pairs if pair.base])
    after = _joined([pair.derived for pair in pairs if pair.derived])
    base, own = Side(piece=before, reader=base_reader), Side(piece=after, reader=reader)
    one, two = before.matrix, after.matrix
    if (one.rows, one.columns) != (two.rows, two.columns) or lies_turned(before, after):
        return None
    lines, columns = places(two.rows), places(two.columns)
    try:
        theirs, ours = (_values(side, lines, columns) for side in (base, own))
    except Unreadable:
        return None
    retyped = after.dtype in DIGITS and before.dtype != after.dtype
    difference = ours - (rounded(theirs, after.dtype) if retyped else theirs)
    return rank(difference, ulps(ours, after.dtype) * (1 + retyped))


def _joined(parts: Sequence[Piece]) -> Piece:
    """The lines and columns from the first to the last of some parts."""
    some = [one.matrix for one in parts]
    first, left = min(one.first for one in some), min(one.left for one in some)
    lines = max(one.first + one.rows for one in some) - first
    columns = max(one.left + one.columns for one in some) - left
    matrix = replace(some[0], first=first, left=left, rows=lines, columns=columns, residual=None)
    return replace(parts[0], matrix=matrix)


def _values(side: Side, lines: Indices, columns: Indices) -> Floats:
    wide = side.piece.matrix.columns
    found = [side.values(int(at) * wide, (int(at) + 1) * wide).take(columns) for at in lines]
    return np.nan_to_num(np.stack(found), posinf=0, neginf=0)
