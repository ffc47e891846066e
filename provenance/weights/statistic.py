"""One statistic with an exact null: whether two sets of lines are independent.

Each line is standardised over the coordinates. S is the sum over the matrices of the mean outer
product of one model's line with the other's, [c, c]. Where two models are independent (random
initialisation, training that does not care how hidden coordinates are numbered), the coordinates of
one may be exchanged among themselves whatever it was trained on: over all permutations the trace of
S has mean 0 and variance ‖S‖²/(c-1). So z = tr(S)·√(c-1)/‖S‖ tells how unlike independence it is.
One permutation acts on all matrices at once: their sum is tested, never one after another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from math import sqrt

import numpy as np
import numpy.typing as npt

from provenance.weights.sample import Block, shared
from provenance.weights.values import Floats

CLIP = 3.0
PERMUTATIONS = 100_000
SEED = 20_260_101
PIECE = 64
"""Lines."""
Lines = npt.NDArray[np.float64]
Pair = tuple[Block, Block]


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
        return min(1.0, 8 / sqrt(self.values)) if self.values else 1.0

    @cached_property
    def p(self) -> float:
        """How often a permutation of the coordinates does as well: never below 1e-5."""
        best = float(np.trace(self.cross))
        traces = self.cross.ravel()[_orders(len(self.cross))].sum(axis=1)
        return float(1 + (traces >= best).sum()) / (1 + PERMUTATIONS)


@cache
def _orders(count: int) -> npt.NDArray[np.uint16]:
    """Where the diagonal of [count, count] goes in each of the permutations."""
    columns = np.tile(np.arange(count, dtype=np.uint16), (PERMUTATIONS, 1))
    np.random.default_rng(SEED).permuted(columns, axis=1, out=columns)
    return columns + np.arange(count, dtype=np.uint16) * np.uint16(count)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Lines of two models beside each other, standardised: [lines, coordinates] each. `owner` is
    the pair that each line is of; a line that is sound in one model only is zeros in both."""

    left: Lines
    right: Lines
    owner: npt.NDArray[np.int64]
    sound: npt.NDArray[np.bool_]
    pairs: int

    def statistic(self, wanted: npt.NDArray[np.bool_] | None = None) -> Statistic:
        """The sum over all pairs, or over those that are wanted."""
        lines = self.sound if wanted is None else self.sound & wanted[self.owner]
        left, right, owner = self.left[lines], self.right[lines], self.owner[lines]
        if not len(left):
            return NOTHING
        counts = np.bincount(owner, minlength=self.pairs)
        cross = crossed(left / counts[owner][:, None], right)
        products, ours, theirs = (
            np.bincount(owner, (one * other).sum(axis=1), self.pairs)
            for one, other in ((left, right), (left, left), (right, right))
        )
        held = counts > 0
        rhos = products[held] / np.sqrt(ours[held] * theirs[held])
        return Statistic(cross=cross, values=left.size, rhos=tuple(rhos.tolist()))


def crossed(left: Lines, right: Lines) -> Lines:
    """leftᵀ right, in pieces that are too small for BLAS to start threads for."""
    found = np.zeros((left.shape[1], right.shape[1]))
    for at in range(0, len(left), PIECE):
        found += left[at : at + PIECE].T @ right[at : at + PIECE]
    return found


NOTHING = Statistic(cross=np.zeros((1, 1)))


def beside(pairs: Iterable[Pair], columns: slice = slice(None)) -> Beside:
    """The lines that both blocks of each pair have, at some of the coordinates; one width only."""
    lefts: list[Floats] = []
    rights: list[Floats] = []
    counts: list[int] = []
    for one, other in pairs:
        left, right = shared((one, other))
        lefts.append(left)
        rights.append(right)
        counts.append(len(left))
    if not any(counts):
        empty = np.zeros((0, 1))
        return Beside(
            left=empty,
            right=empty,
            owner=np.zeros(0, np.int64),
            sound=np.zeros(0, np.bool_),
            pairs=len(counts),
        )
    ours = standardised(np.concatenate(lefts)[:, columns])
    others = standardised(np.concatenate(rights)[:, columns])
    return Beside(
        left=ours,
        right=others,
        owner=np.repeat(np.arange(len(counts)), counts),
        sound=np.asarray(ours.any(axis=1) & others.any(axis=1)),
        pairs=len(counts),
    )


def statistic(pairs: Iterable[Pair]) -> Statistic:
    """The sum over pairs of blocks of one width."""
    return beside(pairs).statistic()


def standardised(values: Floats) -> Lines:
    """Each line with mean 0 and deviation 1, clipped and centred again; a line of one value, or
    with one that is no number, is all zeros."""
    with np.errstate(invalid="ignore", over="ignore"):
        lines = values.astype(np.float64)
        lines -= lines.mean(axis=1, keepdims=True)
        deviation = lines.std(axis=1, keepdims=True)
        sound = np.isfinite(deviation) & (deviation > 0)
        lines = np.where(sound, lines, 0)
    lines /= np.where(sound, deviation, 1)
    np.clip(lines, -CLIP, CLIP, out=lines)
    lines -= lines.mean(axis=1, keepdims=True)
    return lines
