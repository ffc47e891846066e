"""Which layer of a base a derivative's was, where layers were dropped, copied or moved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from provenance.weights.changes.delta import Side
from provenance.weights.changes.pairs import Place
from provenance.weights.changes.pieces import Piece
from provenance.weights.roles import role_of
from provenance.weights.stored import Reader, Unreadable
from provenance.weights.values import Floats

PROBE = 4096
"""Values of each layer that are looked at."""
KIN, BETTER = 0.3, 0.1
"""The least correlation that is no chance, and by how much another layer's must be above it."""
MOST = 1024
"""Layers of one stack."""
ASKED = 16
"""Matrices of a layer that are asked where it was."""
Layers = dict[str, Piece]


def moved(
    base: Sequence[Piece],
    derived: Sequence[Piece],
    base_reader: Reader,
    reader: Reader,
    spelled: Mapping[str, str],
) -> dict[Place, Place]:
    """For each place in a layer that stands elsewhere now, the place of the base that it was."""
    ours, theirs = _stacks(derived), _stacks(base)
    found: dict[tuple[str, str], str] = {}
    for stack, roles in ours.items():
        both = [
            (layers, others)
            for role, layers in roles.items()
            if (other := spelled.get(role, role))
            and (others := theirs.get(_stack(other), {}).get(other))
            and _alike(layers, others)
        ][:ASKED]
        each = [dict(_moves(layers, others, base_reader, reader)) for layers, others in both]
        asked = Counter(layer for layers, _ in both for layer in layers)
        for layer, was in _agreed(each, asked).items():
            found[stack, layer] = was
    known = _called(derived)
    places: dict[Place, Place] = {}
    for piece in derived:
        stack = known.get(_stack(piece.role), _stack(piece.role))
        if piece.numbers and (before := found.get((stack, piece.numbers[0]))):
            role = spelled.get(piece.role, piece.role)
            places[piece.role, piece.numbers] = role, (before, *piece.numbers[1:])
    return places


def _agreed(each: Sequence[Mapping[str, str]], asked: Mapping[str, int]) -> dict[str, str]:
    """What more than half of the matrices of a layer say it was: one alone may be a copy."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for moves in each:
        for layer, was in moves.items():
            votes[layer][was] += 1
    most = {layer: counted.most_common(1)[0] for layer, counted in votes.items()}
    return {layer: was for layer, (was, count) in most.items() if count * 2 > asked[layer]}


def _called(pieces: Iterable[Piece]) -> dict[str, str]:
    """What the roles of matrices call each stack, by what the names of its tensors call it: those
    of vectors are not respelled."""
    found: dict[str, str] = {}
    for piece in pieces:
        named, numbers = role_of(piece.name, piece.folder)
        if piece.numbers and numbers == piece.numbers and piece.matrix.rows > 1:
            found.setdefault(_stack(named), _stack(piece.role))
    return found


def _stack(role: str) -> str:
    return role.partition("#")[0]


def _stacks(pieces: Iterable[Piece]) -> dict[str, dict[str, Layers]]:
    """The matrices of each stack of layers that a layer has one of, by role and number."""
    found: dict[str, dict[str, Layers]] = defaultdict(lambda: defaultdict(dict))
    for piece in pieces:
        if len(piece.numbers) == 1 and piece.matrix.rows > 1 and not piece.why:
            found[_stack(piece.role)][piece.role][piece.numbers[0]] = piece
    return found


def _alike(ours: Layers, theirs: Layers) -> bool:
    """Whether all are of one shape and few enough to be looked at, each beside each."""
    shapes = {(p.matrix.rows, p.matrix.columns) for p in (*ours.values(), *theirs.values())}
    return len(shapes) == 1 and 1 < max(len(ours), len(theirs)) <= MOST


def _moves(
    ours: Layers, theirs: Layers, base_reader: Reader, reader: Reader
) -> list[tuple[str, str]]:
    """Each of our layers that is far more like a layer of another number, with that."""
    try:
        mine = _probes([Side(piece=piece, reader=reader) for piece in ours.values()])
        other = _probes([Side(piece=piece, reader=base_reader) for piece in theirs.values()])
    except Unreadable:
        return []
    likeness = mine @ other.T
    numbers = list(theirs)
    best = likeness.argmax(axis=1)
    found = []
    for at, layer in enumerate(ours):
        same = likeness[at, numbers.index(layer)] if layer in theirs else -1.0
        if likeness[at, best[at]] >= max(KIN, same + BETTER):
            found.append((layer, numbers[best[at]]))
    return found


def _probes(sides: Sequence[Side]) -> npt.NDArray[np.float64]:
    """A line of mean 0 and norm 1 for each, of its first rows; zeros where it has no numbers."""
    return np.stack([_probe(side) for side in sides])


def _probe(side: Side) -> npt.NDArray[np.float64]:
    columns = side.piece.matrix.columns
    end = max(1, min(side.piece.matrix.rows, PROBE // max(1, columns))) * columns
    values: Floats = side.values(0, end)
    with np.errstate(all="ignore"):
        line = values.astype(np.float64)
        line -= line.mean()
        norm = np.linalg.norm(line)
    return line / norm if np.isfinite(norm) and norm > 0 else np.zeros(len(line))
