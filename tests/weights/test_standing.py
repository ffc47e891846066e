"""Whether an error of rounding has a direction."""

from __future__ import annotations

import numpy as np
import pytest

from provenance.weights.changes.rank import standing
from provenance.weights.values import Floats


def drawn(seed: int) -> Floats:
    """Weights of heavy tails, some columns and rows larger than others, with a direction."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.standard_normal(384)) * np.exp(0.5 * rng.standard_normal((384, 1)))
    common = rng.standard_normal((384, 1)) @ rng.standard_normal((1, 384))
    return np.asarray(0.02 * rng.standard_t(3, (384, 384)) * sizes + 0.01 * common, np.float32)


def rounded(values: Floats, group: int, bits: int) -> Floats:
    some = values.reshape(-1, group)
    step = np.abs(some).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    return np.asarray((np.round(some / step) * step).reshape(values.shape), np.float32)


PACKINGS = [(384, 8), (32, 8), (32, 4), (64, 4), (32, 3), (384 * 384, 8)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("group", "bits"), PACKINGS)
def test_what_was_only_rounded_has_none(group: int, bits: int, seed: int) -> None:
    values = drawn(seed)
    assert standing(rounded(values, group, bits) - values) == 0


@pytest.mark.parametrize(("group", "bits", "size"), [(384, 8, 0.02), (32, 8, 0.01), (32, 4, 0.15)])
def test_what_was_trained_before_has_one(group: int, bits: int, size: float) -> None:
    rng = np.random.default_rng(9)
    values = (0.02 * rng.standard_normal((384, 384))).astype(np.float32)
    edit = rng.standard_normal((384, 1)) @ rng.standard_normal((1, 384))
    edited = (values + size * 0.02 * edit).astype(np.float32)
    assert standing(rounded(edited, group, bits) - values) == 1
