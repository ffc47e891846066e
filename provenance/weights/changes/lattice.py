"""Whether values were quantised, told from the few values that are left of them.

A quantiser keeps a scale for each row or group and writes a small number for each value. Whatever
type they were stored in afterwards, each group then holds few distinct values (4 bit and less), few
distinct significands (fp8), or multiples of a step (int8: the largest is 127 of them).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import numpy.typing as npt

from provenance.weights.values import Floats

FEWEST = 1024
"""Values: of fewer, to be few says nothing."""
GROUPS = (256, 128, 64, 32)
"""Lengths of groups in use, beside whole rows."""
MOST = 0.95
"""The share of the groups, or of the values, of which it must be true."""
NEAR, SMALL = 0.12, 24
"""Of a step, how far from a multiple; and up to which multiple rounding stays below that."""
GLANCE = 8192
"""Values by which most candidates are told to be none."""
FEWER = 0.7
"""Of what the base has, at most so many distinct values are few."""
STRAYED = 2.5
"""Times the error of rounding to the same values: beyond it, more was done than to quantise."""
NF4 = (0.0, 0.0796, 0.0911, 0.1609, 0.1848, 0.2461, 0.2844, 0.3379, 0.3949, 0.4407, 0.5251, 0.5626)
NF4_CODES = np.array([*NF4, 0.6962, 0.723, 1.0], np.float32)
FP4_CODES = np.array([0, 1 / 192, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1], np.float32)
MX4_CODES = np.array([0, 1 / 12, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1], np.float32)
"""Magnitudes by the largest of a group (Dettmers et al. 2023, appendix E; bitsandbytes; OCP MX)."""
CODES = {"nf4": NF4_CODES, "fp4": FP4_CODES, "mxfp4": MX4_CODES}
Groups = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """`words` say how the values were quantised, to so many `bits`. `strayed`: they are farther
    from the base's than rounding to the same values would have put them, which moves values by
    `error` of their size, and by `least` where all have one step."""

    words: str
    strayed: bool
    bits: int = 8
    error: float = 0.0
    least: float = 0.0


def lattice(base: Floats, own: Floats) -> Lattice | None:
    """How some rows [rows, columns] were quantised that were the base's before; None where they
    were not, or the base was in the same way."""
    if own.size < FEWEST or not np.isfinite(own).all() or not np.isfinite(base).all():
        return None
    found: list[tuple[int, Lattice]] = []
    for size in _sizes(own.shape[1]):
        before, after = base.reshape(-1, size), own.reshape(-1, size)
        where = "rows" if size == own.shape[1] else f"groups of {size}"
        found += _few(before, after, where) or _steps(before, after, where)
    if found:
        return min(found, key=lambda one: one[0])[1]
    return _significands(base, own) or _few_of_all(base, own)


def _sizes(columns: int) -> list[int]:
    return [size for size in (columns, *GROUPS) if columns % size == 0 and size >= GROUPS[-1]]


def _distinct(values: Groups) -> npt.NDArray[np.int64]:
    """How many distinct values each group has."""
    ordered = np.sort(values, axis=1)
    return np.asarray(1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1))


def _few(base: Groups, own: Groups, where: str) -> list[tuple[int, Lattice]]:
    """With its bits, at most 16 distinct values in each group, where the base has more."""
    counts = _distinct(own)
    most = float(np.quantile(counts, MOST))
    if most > 16 or counts.max() < 2 or np.median(counts) > FEWER * np.median(_distinct(base)):
        return []
    bits = next(bits for bits in (1, 2, 3, 4) if most <= 2**bits)
    scaled = np.abs(own) / np.maximum(np.abs(own).max(axis=1, keepdims=True), 1e-30)
    codes = CODES if bits == 4 else {}
    name = next((name for name, code in codes.items() if _coded(scaled, code)), f"int{bits}")
    return [(bits, _found(f"{name} in {where}", bits, base, own, _nearest(base, own)))]


def _coded(scaled: Groups, codes: Floats) -> bool:
    off = np.abs(scaled[..., None] - codes).min(axis=-1)
    return bool((off < 0.004).mean() >= MOST)


def _nearest(base: Groups, own: Groups) -> Groups:
    """Each of the base's values by the nearest that its group has now."""
    codes = np.sort(own, axis=1)
    found = np.empty_like(base)
    for row, (values, line) in enumerate(zip(base, codes, strict=True)):
        at = np.clip(np.searchsorted(line, values), 1, len(line) - 1)
        left, right = line[at - 1], line[at]
        found[row] = np.where(values - left < right - values, left, right)
    return found


def _steps(base: Groups, own: Groups, where: str) -> list[tuple[int, Lattice]]:
    """Multiples of a step of which the largest value is 127 or 128, or the range 255."""
    largest = np.abs(own).max(axis=1, keepdims=True)
    spread = own.max(axis=1, keepdims=True) - own.min(axis=1, keepdims=True)
    for step in (largest / 127, largest / 128, spread / 255):
        sound = np.maximum(step, 1e-30)
        first = slice(0, max(1, GLANCE // own.shape[1]))
        if not _on_steps(own[first] / sound[first]):
            continue
        if _on_steps(own / sound) and not _on_steps(base / sound):
            rounded = np.round(base / sound) * sound
            return [(8, _found(f"int8 in {where}", 8, base, own, rounded))]
    return []


def _on_steps(multiples: Groups) -> bool:
    small = multiples[(np.abs(multiples) <= SMALL) & (multiples != 0)]
    return small.size >= 32 and bool((np.abs(small - np.round(small)) < NEAR).mean() >= MOST)


def _significands(base: Floats, own: Floats) -> Lattice | None:
    """In every 128 values at most 8 significands (4 for e5m2), the smallest values left out."""
    size = next((s for s in (128, 64, 32) if own.shape[1] % s == 0), own.shape[1])
    counts, before = (_of_significands(v.reshape(-1, size)) for v in (own, base))
    most = float(np.quantile(counts, MOST))
    if most > 8 or np.median(counts) > FEWER * np.median(before):
        return None
    name = "fp8 (e4m3)" if most > 4 else "fp8 (e5m2)"
    off = sqrt(float(np.square(own - base).sum()) / max(1e-30, float(np.square(base).sum())))
    error = 2.0 ** (-4 if most > 4 else -3) / sqrt(3)
    return Lattice(words=name, strayed=off > STRAYED * error, error=error)


def _of_significands(values: Groups) -> npt.NDArray[np.int64]:
    significands, _ = np.frexp(np.abs(values))
    large = np.abs(values) >= np.abs(values).max(axis=1, keepdims=True) / 16
    return _distinct(np.where(large, significands, 1)) - 1


def _few_of_all(base: Floats, own: Floats) -> Lattice | None:
    """At most 256 distinct values altogether."""
    counts = [int(_distinct(values.reshape(1, -1))[0]) for values in (own, base)]
    if counts[0] > 256 or counts[0] > FEWER * counts[1]:
        return None
    every = np.unique(own)[None].repeat(1, axis=0)
    nearest = _nearest(base.reshape(1, -1), every)
    found = _found("8 bit, one scale", 8, base.reshape(1, -1), own.reshape(1, -1), nearest)
    size = sqrt(float(np.square(base, dtype=np.float64).mean()))
    return replace(found, least=found.error * size)


def _found(words: str, bits: int, base: Groups, own: Groups, rounded: Groups) -> Lattice:
    """The lattice of the base's values that rounding to it would have left so."""
    error, off, size = (
        float(np.square(values, dtype=np.float64).sum())
        for values in (base - rounded, base - own, base)
    )
    strayed = off > STRAYED**2 * error
    return Lattice(words=words, strayed=strayed, bits=bits, error=sqrt(error / max(size, 1e-30)))
