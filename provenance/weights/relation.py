"""Two models beside each other by their samples: as a whole, by tables and by layers.

Names pair the blocks, and the statistic of all of them is tested first. Where layers are left that
it does not find, each is put beside the nearest of the other model, which half of the coordinates
choose; the other half test it, for whatever was looked at to choose cannot test. The same is done
block by block where names have nothing in common. What none of them finds is looked for once more
where signs are left out. So a relation rests on four tests at most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from provenance.weights.matrix import Part
from provenance.weights.pairs import (
    TESTING,
    By,
    by_names,
    by_shapes,
    layer_of,
    nearest_layers,
)
from provenance.weights.sample import Block, Sample
from provenance.weights.signs import signless
from provenance.weights.statistic import NOTHING, Beside, Pair, Statistic, beside

__all__ = ["By", "Relation", "Statistic", "relate"]

KIN, STRANGER = 8.0, 4.0
"""Of z: from here on not independent, and below that no trace."""
KIN_OF_LAYER = 5.0
CERTAIN = 12.0
"""Of z: what a layer would have to show, were it like the others, so that nothing means nothing."""
FEWEST_OF_MATRIX = 128
"""Values below which nothing is said of one matrix."""
FEWEST_OF_LAYER = 512
"""Values below which nothing is said of one layer."""
COVERED = 0.5
"""The share of our blocks that names must pair, or shapes are tried as well."""
TURNED = re.compile(r"blk\.\d+\.attn_[qk](?:\.|$)")
"""Matrices of a GGUF whose lines stand in another order than the model's."""
GAIN = 0.1
"""How much better the correlation of moved layers must be to be taken for the relation."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Two models beside each other: all blocks, those of tables and of layers apart.

    All are of one `width`, that of most values; `widths` are the statistics of others. `each` has
    for each layer of the one the layer of the other that it is nearest to, and z of the two;
    `matched` are those that are kin, and `held` the median correlation in them, `foreign` those of
    which the other model has nothing although there are values enough. `odd` are the names of
    such matrices, each with its layer. `by` says how pairs were found. `signless` is the statistic
    of magnitudes, where that of the values found nothing.
    """

    whole: Statistic
    layers: Statistic
    tables: Statistic
    each: Mapping[str, tuple[str, float]]
    paired: int
    unpaired: int
    by: By = By.NAMES
    width: int = 0
    widths: Mapping[int, Statistic] = field(default_factory=dict)
    matched: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    held: float = 0.0
    odd: Mapping[str, str] = field(default_factory=dict)
    signless: Statistic = NOTHING

    @property
    def moved(self) -> dict[str, str]:
        """Layers that are beside one of another number: ours by theirs."""
        return {
            one: other
            for one, (other, _) in self.each.items()
            if one in self.matched and one.rpartition(".")[2] != other.rpartition(".")[2]
        }


def relate(ours: Sample, theirs: Sample) -> Relation:
    """How two models are kin by samples at the same coordinates; ValueError for other ones."""
    if ours.coordinates != theirs.coordinates:
        raise ValueError(f"coordinates {ours.coordinates} beside {theirs.coordinates}")
    found = _of_values(ours, theirs)
    if found.whole.z >= KIN:
        return found
    anonymous = found.by is By.SHAPES
    magnitudes = signless(ours.blocks, theirs.blocks, found.width, anonymous=anonymous)
    return replace(found, signless=magnitudes)


def _of_values(ours: Sample, theirs: Sample) -> Relation:
    by, pairs = by_names(ours.blocks, theirs.blocks)
    named = _of_pairs(pairs, len(ours.blocks), by)
    if named.foreign or named.whole.z < KIN:
        named = _realigned(named, _of_width(pairs, named.width), theirs.blocks)
    if named.whole.z < KIN and len(pairs) < COVERED * len(ours.blocks):
        return _by_shapes(named, ours.blocks, theirs.blocks)
    return named


def _of_pairs(pairs: Sequence[Pair], count: int, by: By) -> Relation:
    """The relation of these pairs at all coordinates, nothing of which was chosen by values."""
    widths = Counter[int]()
    for one, other in pairs:
        widths[one.width] += min(one.values.size, other.values.size)
    width = max(widths, key=lambda n: (widths[n], n), default=0)
    main = _of_width(pairs, width)
    side = beside(main)
    named = Relation(
        whole=side.statistic(),
        layers=side.statistic(_of_part(main, Part.LAYER)),
        tables=side.statistic(_of_part(main, Part.TABLE)),
        each={},
        paired=len(pairs),
        unpaired=count - len(pairs),
        by=by,
        width=width,
        widths={n: beside(_of_width(pairs, n)).statistic() for n in sorted(widths) if n != width},
    )
    return _with_layers(named, main, side) if named.whole.z >= KIN else named


def _of_width(pairs: Sequence[Pair], width: int) -> list[Pair]:
    return [pair for pair in pairs if pair[0].width == width]


def _of_part(pairs: Sequence[Pair], part: Part) -> npt.NDArray[np.bool_]:
    return np.array([one.part is part for one, _ in pairs], np.bool_)


def _with_layers(relation: Relation, pairs: Sequence[Pair], side: Beside) -> Relation:
    """The relation with each layer beside the one that it is paired with."""
    names = [layer_of(one) for one, _ in pairs]
    others = {layer_of(one): layer_of(other) for one, other in pairs}
    every = {
        name: side.statistic(np.array([one == name for one in names], np.bool_))
        for name in dict.fromkeys(name for name in names if name)
    }
    every = {name: one for name, one in every.items() if one.values >= FEWEST_OF_LAYER}
    matched = tuple(name for name, one in every.items() if one.z >= KIN_OF_LAYER)
    held = float(np.median([every[name].rho for name in matched])) if matched else 0.0
    strength = held or relation.tables.rho
    return replace(
        relation,
        each={name: (others[name], one.z) for name, one in every.items()},
        matched=matched,
        foreign=tuple(
            name
            for name, one in every.items()
            if one.z < STRANGER and strength * np.sqrt(one.values) >= CERTAIN
        ),
        held=held,
        odd=_odd(pairs, side, max(held, relation.whole.rho)),
    )


def _odd(pairs: Sequence[Pair], side: Beside, held: float) -> dict[str, str]:
    """Our matrices that have nothing of those beside them, though the pairs at large have: each by
    itself, all of one role and all of one layer, for one alone may have too few values."""
    found: dict[str, str] = {}
    ours = [one for one, _ in pairs]
    kinds: Sequence[Sequence[object]] = (
        range(len(ours)),
        [one.role for one in ours],
        [layer_of(one) or number for number, one in enumerate(ours)],
    )
    for keys in kinds:
        places: dict[object, list[int]] = {}
        for number, key in enumerate(keys):
            places.setdefault(key, []).append(number)
        for some in places.values():
            wanted = np.zeros(len(ours), np.bool_)
            wanted[some] = True
            one = side.statistic(wanted)
            telling = one.values >= FEWEST_OF_MATRIX and held * np.sqrt(one.values) >= CERTAIN
            if telling and one.z < STRANGER:
                found |= {ours[number].name: layer_of(ours[number]) for number in some}
    return {name: layer for name, layer in found.items() if not TURNED.match(name)}


def _realigned(named: Relation, pairs: Sequence[Pair], theirs: Sequence[Block]) -> Relation:
    """The relation with layers beside the nearest, where that finds more than the names do."""
    found = nearest_layers([pair for pair in pairs if pair[0].part is Part.LAYER], theirs)
    if not found:
        return named
    moved = [pair for some in found.values() for pair in some]
    rest = [pair for pair in pairs if pair[0].part is not Part.LAYER]
    side = beside(moved, TESTING)
    layers = side.statistic()
    if layers.z < KIN:
        return named
    whole = beside([*moved, *rest], TESTING).statistic()
    near = _with_layers(replace(named, whole=whole, layers=layers, each={}), moved, side)
    kept = dict(named.each) | {
        name: other for name, other in near.each.items() if name not in named.matched
    }
    matched = tuple(n for n in kept if n in named.matched or n in near.matched)
    better = named.whole.z < KIN or whole.rho > named.whole.rho + GAIN
    return replace(
        near if better else named,
        each=kept,
        matched=matched,
        foreign=tuple(name for name in near.foreign if name not in matched),
        held=max(named.held, near.held),
        odd={name: layer for name, layer in named.odd.items() if layer not in near.matched}
        | {name: layer for name, layer in near.odd.items() if layer not in named.matched},
        by=By.LAYERS if better else named.by,
    )


def _by_shapes(named: Relation, ours: Sequence[Block], theirs: Sequence[Block]) -> Relation:
    """The relation by shapes, where that finds one."""
    pairs = by_shapes(ours, theirs)
    width = max(Counter(one.width for one, _ in pairs).items(), key=lambda n: n[::-1], default=(0,))
    main = _of_width(pairs, width[0])
    side = beside(main, TESTING)
    whole = side.statistic()
    if whole.z < KIN and named.whole.values >= whole.values:
        return named
    odd = _odd(main, side, whole.rho) if whole.z >= KIN else {}
    square = {one.name for one, _ in main if one.width == one.across}
    return Relation(
        # Of a square matrix without a name nobody knows which axis is the residual one.
        odd={name: layer for name, layer in odd.items() if name not in square},
        held=whole.rho,
        whole=whole,
        layers=NOTHING,
        tables=side.statistic(_of_part(main, Part.TABLE)),
        each={},
        paired=len(pairs),
        unpaired=len(ours) - len(pairs),
        by=By.SHAPES,
        width=width[0],
    )
