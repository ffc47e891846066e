"""Of which models a merge was made, and by how much of each.

The values of a merge are a weighted sum of the values of its parents, so least squares on the
blocks of all of them give the weights back. Where the base of all is known, what each adds to it is
weighed instead, as most programs merge, and the rest is the base's share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.weights.pairs import by_names
from provenance.weights.sample import Block, Sample, shared

MOST = 16
"""Models of one merge."""
ALIKE = 1e-3
"""Relative size below which two models add the same and cannot be told apart."""
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of a merge is of one model: 0.1 for a tenth."""

    base: str
    coefficient: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The shares of a model, the largest first; `residual` is the norm of what they leave, by that
    of the model, and `values` how many were weighed."""

    shares: tuple[Share, ...]
    residual: float
    values: int


def merged(ours: Sample, relatives: Mapping[str, Sample], *, base: str = "") -> Merge | None:
    """The shares of the relatives in a model, `base` the name of the one that all others come from.

    None where they have no values in common. ValueError for samples at other coordinates, too many
    of them, or a base that is none of them.
    """
    others = [sample.coordinates for sample in relatives.values()]
    if {*others} - {ours.coordinates} or not 1 <= len(others) <= MOST:
        raise ValueError(f"expected 1 to {MOST} samples at the coordinates {ours.coordinates}")
    if base and base not in relatives:
        raise ValueError(f"base: found {base}, expected one of {', '.join(relatives)}")
    target, columns = _side_by_side(ours, list(relatives.values()))
    if not len(target):
        return None
    values = dict(zip(relatives, columns, strict=True))
    origin = values.pop(base) if base else np.zeros_like(target)
    wanted, added = target - origin, {name: one - origin for name, one in values.items()}
    found = _weights(wanted, list(added.values()))
    rest = wanted - sum((c * one for c, one in zip(found, added.values(), strict=True)), 0 * wanted)
    shares = [Share(base=name, coefficient=c) for name, c in zip(added, found, strict=True)]
    if base:
        shares.append(Share(base=base, coefficient=1 - sum(found)))
    return Merge(
        shares=tuple(sorted(shares, key=lambda one: (-one.coefficient, one.base))),
        residual=float(np.linalg.norm(rest) / (np.linalg.norm(target) or 1)),
        values=len(target),
    )


def _weights(wanted: Values, added: Sequence[Values]) -> list[float]:
    """The factor of each in the sum that is nearest; 0 where one adds nothing of its own."""
    if not added:
        return []
    found = np.linalg.lstsq(np.stack(added, axis=1), wanted, rcond=ALIKE)[0]
    return [float(one) for one in found]


def _side_by_side(ours: Sample, relatives: Sequence[Sample]) -> tuple[Values, list[Values]]:
    """The values that all have, of each model in one row; each matrix weighs by its values, not by
    their size."""
    paired = [
        {(one.role, one.numbers): other for one, other in by_names(ours.blocks, each.blocks)[1]}
        for each in relatives
    ]
    rows: list[list[Values]] = [[] for _ in range(len(relatives) + 1)]
    for block in ours.blocks:
        key = block.role, block.numbers
        if all(key in found for found in paired):
            for row, lines in zip(
                rows, _lines([block, *(found[key] for found in paired)]), strict=True
            ):
                row.append(lines)
    joined = [np.concatenate(row) if row else np.zeros(0) for row in rows]
    return joined[0], joined[1:]


def _lines(blocks: Sequence[Block]) -> list[Values]:
    """The lines that all of these blocks have and that are numbers, by the size of the first's."""
    found = np.stack([lines.astype(np.float64) for lines in shared(blocks)])
    sound = np.isfinite(found).all(axis=(0, 2))
    kept = found[:, sound]
    size = float(np.sqrt(np.mean(kept[0] ** 2))) if kept.size else 0.0
    return [one.ravel() / (size or 1.0) for one in kept]
