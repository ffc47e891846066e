"""Which block of one model belongs beside which of another.

By name where the names agree, be it behind another prefix. What the names do not tell (layers that
were dropped, repeated or re-ordered; names that have nothing in common) is told by the values
themselves: whatever is looked at for that is not looked at again by the test that follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np

from provenance.weights.coordinates import bits
from provenance.weights.matrix import Part
from provenance.weights.pairing import parts
from provenance.weights.roles import Numbers
from provenance.weights.sample import Block, shared
from provenance.weights.statistic import Lines, Pair, crossed, standardised

MOST = 512
"""Layers or blocks of one model among which the nearest is looked for."""
WRAPPERS = frozenset({"_orig_mod", "base_model", "model", "module", "transformer"})
CHOOSING, TESTING = slice(0, None, 2), slice(1, None, 2)
"""The coordinates by which pairs are chosen, and those by which they are tested."""


class By(StrEnum):
    """How the pairs of a relation were found."""

    NAMES = "names"
    PREFIXES = "names behind another prefix"
    LAYERS = "layers in another order"
    SHAPES = "shapes, whatever the names"


def fit(one: Block, other: Block) -> bool:
    """Whether lines of the two can be the same lines; of tables the lengths may differ a little."""
    return one.width == other.width and _reach(one) == _reach(other)


def _reach(block: Block) -> int:
    """What must be alike in the lengths of two blocks: of a table the bits, negative."""
    return -bits(block.across) if block.part is Part.TABLE else block.across


def by_names(ours: Sequence[Block], theirs: Sequence[Block]) -> tuple[By, list[Pair]]:
    """The pairs of equal roles and numbers, and of those behind another prefix.

    Each of our blocks is in a pair, also where several say the same of themselves.
    """
    known: dict[tuple[str, Numbers], list[Block]] = {}
    for block in theirs:
        known.setdefault((block.role, block.numbers), []).append(block)
    shapes = {block.role: block for block in theirs}
    left = {block.role: block for block in ours}
    found = parts(tuple(left), tuple(shapes), lambda one, other: fit(left[one], shapes[other]))
    roles = {one: other for part in found for one, other in part.pairs.items()}
    alike = {_unwrapped(role): role for role in reversed(shapes)}
    roles = {role: roles.get(role) or alike.get(_unwrapped(role), "") for role in left}
    pairs = [
        (block, other)
        for block in ours
        if (other := _fitting(block, known.get((roles[block.role], block.numbers), ())))
    ]
    exact = all(part.exact for part in found)
    return By.NAMES if exact else By.PREFIXES, pairs


def _unwrapped(role: str) -> str:
    """The role without the words that programs put before every name and take away again."""
    words = role.split(".")
    while len(words) > 1 and words[0] in WRAPPERS:
        words = words[1:]
    return ".".join(words)


def _fitting(block: Block, others: Sequence[Block]) -> Block | None:
    """Of those that fit that of the same name, or else the first."""
    some = [other for other in others if fit(block, other)]
    same = (other for other in some if other.name == block.name)
    return next(same, some[0] if some else None)


def layer_of(block: Block) -> str:
    """The layer that it is in, as in `model.layers.3`; nothing where it is in none."""
    if block.part is not Part.LAYER or not block.numbers:
        return ""
    return f"{block.role.partition('#')[0]}{block.numbers[0]}"


def layers(blocks: Sequence[Block]) -> dict[str, list[Block]]:
    """The blocks of each layer."""
    found: dict[str, list[Block]] = {}
    for block in blocks:
        if name := layer_of(block):
            found.setdefault(name, []).append(block)
    return found


def nearest_layers(pairs: Sequence[Pair], theirs: Sequence[Block]) -> dict[str, list[Pair]]:
    """Each of our layers beside that one of theirs to which it is nearest; no layer where no other
    is made of the same matrices."""
    ours = layers([one for one, _ in pairs])
    prefix = {layer_of(one): layer_of(other) for one, other in pairs}
    stems = {_stem(one): _stem(other) for one, other in prefix.items() if one and other}
    others = {name: some for name, some in layers(theirs).items() if _stem(name) in stems.values()}
    chosen = _nearest(
        {name: _sorted(some) for name, some in ours.items()},
        {name: _sorted(some) for name, some in others.items()},
    )
    return {
        name: list(zip(_sorted(ours[name]), _sorted(others[other]), strict=True))
        for name, other in chosen.items()
    }


def by_shapes(ours: Sequence[Block], theirs: Sequence[Block]) -> list[Pair]:
    """Each of our blocks beside that one of equal shape to which it is nearest."""
    left = {str(n): [block] for n, block in enumerate(ours)}
    right = {str(n): [block] for n, block in enumerate(theirs)}
    return [
        (left[one][0], right[other][0]) for one, other in _nearest(left, right, named=False).items()
    ]


def _stem(layer: str) -> str:
    return layer.rpartition(".")[0]


def _sorted(blocks: Sequence[Block]) -> list[Block]:
    return sorted(blocks, key=lambda one: (one.role.partition("#")[2], one.numbers[1:]))


def _nearest(
    ours: Mapping[str, list[Block]], theirs: Mapping[str, list[Block]], *, named: bool = True
) -> dict[str, str]:
    """By the coordinates for choosing: each group of ours by the most correlated one of theirs
    among those that are made of the same blocks."""
    kinds: dict[object, tuple[list[str], list[str]]] = {}
    for side, groups in enumerate((ours, theirs)):
        for name, blocks in list(groups.items())[:MOST]:
            made_of = tuple(_shape(block, named=named) for block in blocks)
            kinds.setdefault(made_of, ([], []))[side].append(name)
    found: dict[str, str] = {}
    for left, right in kinds.values():
        if left and right:
            vectors = _vectors([*(ours[n] for n in left), *(theirs[n] for n in right)])
            likeness = crossed(vectors[: len(left)].T, vectors[len(left) :].T)
            found |= {
                one: right[int(at)] for one, at in zip(left, likeness.argmax(axis=1), strict=True)
            }
    return found


def _shape(block: Block, *, named: bool) -> tuple[object, ...]:
    shape = (block.width, _reach(block))
    return (block.role.partition("#")[2], block.numbers[1:], *shape) if named else shape


def _vectors(groups: Sequence[Sequence[Block]]) -> Lines:
    """Each group as one vector of length 1, of the lines that all have; [groups, values]."""
    places = [shared(place) for place in zip(*groups, strict=True)]
    values = [lines[:, CHOOSING] for group in zip(*places, strict=True) for lines in group]
    found = standardised(np.concatenate(values)).reshape(len(groups), -1)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(length > 0, length, 1)
