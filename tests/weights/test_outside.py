"""Rows that the rank of a part says nothing of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from provenance.weights.changes.change import OUTSIDE, Kind
from provenance.weights.changes.rank import places
from provenance.weights.values import Floats, from_canonical
from tests.weights.test_changes import only
from tests.weights.tiny import Array, bf16

SIDE, RANK, SIZE = 640, 4, 0.02


def drawn(seed: int, rows: int = SIDE, columns: int = SIDE) -> Floats:
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


SIZES = np.exp(0.7 * drawn(1, SIDE, 1)) * np.exp(0.7 * drawn(2, 1, SIDE))
BASE = from_canonical(bf16(0.02 * drawn(0) * SIZES).reshape(-1)).reshape(SIDE, SIDE)
FACTORS = drawn(3, SIDE, RANK) @ drawn(4, RANK)
CHANGE = FACTORS * np.float32(SIZE * np.linalg.norm(BASE) / np.linalg.norm(FACTORS))
UNSEEN = np.setdiff1d(np.arange(SIDE), places(SIDE))
"""The rows that the rank of a part does not look at."""


def tuned(rows: Array | int, size: float) -> Floats:
    """The base after the factors, with these rows moved by so much of themselves besides."""
    found = BASE + CHANGE
    found[rows] += size * BASE[rows][..., ::-1]
    return found


EDITED: Mapping[str, tuple[Array | int, float, int]] = {
    "all rows that are not looked at": (UNSEEN, 0.3, 60),
    "one of them": (int(UNSEEN[0]), 0.05, RANK + 1),
    "one of those that are": (int(places(SIDE)[5]), 0.05, RANK + 1),
}


@pytest.mark.parametrize("name", EDITED)
def test_rows_of_no_factors_are_told(name: str, tmp_path: Path) -> None:
    rows, size, least = EDITED[name]
    found = only(tmp_path, bf16(BASE), bf16(tuned(rows, size)))
    assert OUTSIDE in found.detail
    assert (found.rank or 0) >= least


def scattered() -> Floats:
    """Factors of which each changes a few rows, some of them far more than others."""
    rng = np.random.default_rng(6)
    left = drawn(7, SIDE, RANK) * np.exp(2 * drawn(8, SIDE, 1)) * (rng.random((SIDE, RANK)) < 0.2)
    change = left @ drawn(9, RANK)
    return np.asarray(change * SIZE * np.linalg.norm(BASE) / np.linalg.norm(change), np.float32)


HONEST: Mapping[str, tuple[Array, Array]] = {
    "bf16": (bf16(BASE), bf16(BASE + CHANGE)),
    "a little": (bf16(BASE), bf16(BASE + CHANGE / 16)),
    "to halves": (bf16(BASE), (BASE + CHANGE).astype(np.float16)),
    "to float32": (bf16(BASE), BASE + CHANGE),
    "from float32": (BASE + drawn(5) / 4096, bf16(BASE + drawn(5) / 4096 + CHANGE)),
    "scattered": (bf16(BASE), bf16(BASE + scattered())),
}


@pytest.mark.parametrize("name", HONEST)
def test_factors_alone_have_their_rank(name: str, tmp_path: Path) -> None:
    found = only(tmp_path, *HONEST[name])
    assert (found.kind, found.rank) == (Kind.LOW_RANK, RANK)
