"""What was changed of a base whose values were rounded to four bits first: QLoRA, merged.

An adapter that was trained on quantised weights may be merged into those, unpacked again. Beside
the base itself that is a dense change; beside the base's values as bitsandbytes rounds them it has
the rank of the adapter. The rounding follows from the base, so that nothing can hide in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from provenance.weights.changes.delta import Side
from provenance.weights.changes.rank import SEED, SIDE, Indices, places, rank, ulps
from provenance.weights.values import Floats

BELOW = (
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
    *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
)
ABOVE = (
    *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)
FP4 = (1 / 192, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1)
CODES: Mapping[str, Floats] = {
    "nf4": np.array([*BELOW, *ABOVE], np.float32),
    "fp4": np.array([*(-code for code in reversed(FP4)), 0, *FP4], np.float32),
}
"""What a value can be beside the largest of its group (bitsandbytes, functional.py)."""
GROUPS = (64, 128)
FOLLOWING = frozenset(f"{name} in groups of {size}" for name in CODES for size in GROUPS)
"""The words for roundings that follow from the base's values."""
SCALES = 0.025
"""By how much the scales of groups are rounded where they are packed too, of uneven lines."""
BETWEEN = 1e-5
"""Of the largest value of a group: so near to the middle of two, a value may become either."""
LEAST, MOST = 0.02, 0.7
"""Of the base's norm: what differs by less or more was not rounded to four bits."""
FEW = 32
"""Lines that tell whether rounding explains anything at all: only then are all others looked at."""
NEARER = 0.5
"""Of the error of rounding: by so much at least the rounded values are nearer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounded:
    """`words` say how the base was rounded first; `rank` is that of what was changed then."""

    words: str
    rank: int


def rounded_first(base: Side, own: Side, relative: float) -> Rounded | None:
    """How the base's values were rounded before they were changed, by so much of their norm; None
    where they were not, or nobody can tell."""
    plain = base.piece.is_plain and own.piece.is_plain
    if not plain or not LEAST <= relative <= MOST:
        return None
    found = (one for size in GROUPS for one in _by_groups(base, own, size))
    best = min(found, key=lambda one: one[0], default=None)
    return best[1] if best else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """Some values of a derivative beside the base's as one code rounds them: what is `left`, the
    squared `error` of the rounding, and by how much less that is than beside the base itself."""

    code: str
    rounded: Floats
    after: Floats
    left: Floats
    error: float
    gain: float


def _by_groups(base: Side, own: Side, size: int) -> Iterator[tuple[float, Rounded]]:
    columns = own.piece.matrix.columns
    if columns % size or columns != base.piece.matrix.columns:
        return
    lines, chosen = places(own.piece.matrix.rows), _groups(columns // size, SIDE // size)
    few = lines[:: max(1, len(lines) // FEW)]
    likely = [one.code for one in _trials(base, own, few, chosen, size, CODES) if one.gain > 0]
    for one in _trials(base, own, lines, chosen, size, likely):
        if one.error and one.gain >= NEARER * one.error:
            noise = 12 * np.square(SCALES * one.rounded.astype(np.float64))
            found = rank(one.left, noise + ulps(one.after, own.piece.dtype))
            yield _square(one.left), Rounded(words=f"{one.code} in groups of {size}", rank=found)


def _trials(
    base: Side, own: Side, lines: Indices, groups: Indices, size: int, codes: Collection[str]
) -> Iterator[_Trial]:
    """One for each of the codes; nothing is read where there are none."""
    if not codes:
        return
    before, after = (_values(side, lines, groups, size) for side in (base, own))
    change = _square(after - before)
    for code in codes:
        rounded = _rounded(before, after, CODES[code], size)
        left = after - rounded
        yield _Trial(
            code=code,
            rounded=rounded,
            after=after,
            left=left,
            error=_square(rounded - before),
            gain=change - _square(left),
        )


def _groups(count: int, most: int) -> Indices:
    """Which of so many groups of columns are looked at, ascending."""
    if count <= most:
        return np.arange(count)
    drawn = np.random.default_rng((SEED, count)).choice(count, most, replace=False, shuffle=True)
    return np.sort(drawn)


def _values(side: Side, lines: Indices, groups: Indices, size: int) -> Floats:
    """Some lines of some groups of columns, [lines, columns]; zero for what is no number."""
    columns = side.piece.matrix.columns
    found = np.empty((len(lines), len(groups) * size), np.float32)
    for at, line in enumerate(lines):
        values = side.values(int(line) * columns, (int(line) + 1) * columns)
        found[at] = values.reshape(-1, size)[groups].reshape(-1)
    return np.nan_to_num(found, posinf=0, neginf=0)


def _rounded(values: Floats, after: Floats, codes: Floats, size: int) -> Floats:
    """Each value as the nearest that its group can hold; between two that are as near, the one that
    is there now."""
    groups = values.reshape(-1, size)
    largest = np.abs(groups).max(axis=1, keepdims=True)
    shares = groups / np.maximum(largest, np.float32(1e-30))
    edges, near = (codes[1:] + codes[:-1]) / 2, np.float32(BETWEEN)
    low, high = (codes[np.searchsorted(edges, shares + by)] * largest for by in (-near, near))
    own = after.reshape(-1, size)
    found = np.where(np.abs(own - low) <= np.abs(own - high), low, high)
    return np.asarray(found.reshape(values.shape), np.float32)


def _square(values: Floats) -> float:
    return float(np.square(values, dtype=np.float64).sum())
