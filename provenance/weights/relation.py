"""Whether two samples are independent: one statistic with an exact null.

Each line of a block is standardised over the coordinates. S is the mean over all lines of the outer
product of one model's line with the other's, [c, c]. Where two models are independent (random
initialisation, training that does not care how hidden coordinates are numbered), the coordinates of
one may be exchanged among themselves whatever it was trained on: over all permutations the trace of
S has mean 0 and variance ‖S‖²/(c-1). So z = tr(S)·√(c-1)/‖S‖ tells how unlike independence it is.
One permutation acts on all matrices at once: their sum is tested, never one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
import numpy.typing as npt

from provenance.weights.matrix import Part
from provenance.weights.sample import Block, Sample
from provenance.weights.values import Floats

CLIP = 3.0
PERMUTATIONS = 100_000
BATCH = 10_000
SEED = 20_260_101


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """The sum over some pairs of blocks: `cross` is S, [c, c]; `values` how many were compared,
    `rhos` the correlation of each pair."""

    cross: npt.NDArray[np.float64]
    values: int = 0
    rhos: tuple[float, ...] = ()

    @cached_property
    def z(self) -> float:
        """How far the trace is from independence, in standard deviations of the null; 0 without
        values."""
        norm = float(np.linalg.norm(self.cross))
        count = len(self.cross)
        return float(np.trace(self.cross)) * sqrt(count - 1) / norm if norm and count > 1 else 0.0

    @property
    def rho(self) -> float:
        """The median correlation of the pairs."""
        return float(np.median(self.rhos)) if self.rhos else 0.0

    @property
    def least(self) -> float:
        """The least correlation that this many values can tell from none."""
        return 8 / sqrt(self.values) if self.values else 1.0

    @cached_property
    def p(self) -> float:
        """How often a permutation of the coordinates does as well: never below 1e-5."""
        count, best = len(self.cross), float(np.trace(self.cross))
        rng = np.random.default_rng(SEED)
        reached = 0
        for _ in range(PERMUTATIONS // BATCH):
            orders = rng.permuted(np.tile(np.arange(count), (BATCH, 1)), axis=1)
            reached += int((self.cross[np.arange(count), orders].sum(axis=1) >= best).sum())
        return (1 + reached) / (1 + PERMUTATIONS)


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Two models beside each other: all blocks, those of tables and of layers apart, and each layer
    of the one by the layer of the other that it is nearest to."""

    whole: Statistic
    layers: Statistic
    tables: Statistic
    each: Mapping[str, tuple[str, float]]
    paired: int
    unpaired: int


def relate(ours: Sample, theirs: Sample) -> Relation:
    """How two models are kin by samples at the same coordinates; ValueError for other ones."""
    if ours.coordinates != theirs.coordinates:
        raise ValueError(f"coordinates {ours.coordinates} beside {theirs.coordinates}")
    pairs = list(_pairs(ours.blocks, theirs.blocks))
    return Relation(
        whole=statistic(pairs),
        layers=statistic(p for p in pairs if p[0].part is Part.LAYER),
        tables=statistic(p for p in pairs if p[0].part is Part.TABLE),
        each={},
        paired=len(pairs),
        unpaired=len(ours.blocks) - len(pairs),
    )


Pair = tuple[Block, Block]


def _pairs(ours: Sequence[Block], theirs: Sequence[Block]) -> Iterable[Pair]:
    known = {(b.role, b.numbers): b for b in theirs}
    for block in ours:
        other = known.get((block.role, block.numbers))
        if other and (block.width, block.across) == (other.width, other.across):
            yield block, other


def statistic(pairs: Iterable[Pair]) -> Statistic:
    """The sum over pairs of blocks of one width."""
    total: npt.NDArray[np.float64] | None = None
    values, rhos = 0, []
    for one, other in pairs:
        count = min(len(one.values), len(other.values))
        left, right = standardised(one.values[:count]), standardised(other.values[:count])
        cross = left.T @ right / count
        total = cross if total is None else total + cross
        values += left.size
        norm = float(np.linalg.norm(left) * np.linalg.norm(right))
        rhos.append(float((left * right).sum()) / norm if norm else 0.0)
    return Statistic(
        cross=np.zeros((1, 1)) if total is None else total, values=values, rhos=tuple(rhos)
    )


def standardised(values: Floats) -> npt.NDArray[np.float64]:
    """Each line with mean 0 and deviation 1, clipped and centred again; a line of one value, or
    with one that is no number, is all zeros."""
    with np.errstate(invalid="ignore", over="ignore"):
        lines = values.astype(np.float64)
        lines -= lines.mean(axis=1, keepdims=True)
        deviation = lines.std(axis=1, keepdims=True)
    sound = np.isfinite(deviation) & (deviation > 0)
    scaled = np.where(sound, lines, 0) / np.where(sound, deviation, 1)
    clipped = np.clip(np.nan_to_num(scaled), -CLIP, CLIP)
    return np.asarray(clipped - clipped.mean(axis=1, keepdims=True))
