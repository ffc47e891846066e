"""How far packing alone may move values: a copy stays within that, an edit beside it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.mapping import change_map
from provenance.weights.values import Floats
from tests.weights.held import Array, Tensors, file_of

UP = "model.layers.0.mlp.up_proj"
NAME = f"{UP}.weight"
ROWS, COLUMNS, BLOCK = 96, 128, 32
Packing = Callable[[Floats], Tensors]


def weights(size: float = 0.02, outlier: float = 0.0) -> Floats:
    """Chance, in one place of which a value stands out by so many standard deviations."""
    values = np.random.default_rng(3).standard_normal((ROWS, COLUMNS)) * size
    values[0, 0] += outlier * size
    return values.astype(np.float32)


def edit(values: Floats, size: float) -> Floats:
    """The values with a change of rank 1 of this share of their norm."""
    rng = np.random.default_rng(7)
    change = np.outer(rng.standard_normal(ROWS), rng.standard_normal(COLUMNS))
    change *= size * np.linalg.norm(values) / np.linalg.norm(change)
    return (values + change).astype(np.float32)


def q8_0(values: Floats) -> Tensors:
    """As llama.cpp has it: 32 signed bytes by a float16 step."""
    blocks = values.reshape(-1, BLOCK)
    step = (np.abs(blocks).max(axis=1, keepdims=True) / 127).astype(np.float16)
    whole = np.round(blocks / np.maximum(step.astype(np.float32), 1e-30)).astype(np.int8)
    data = np.concatenate([step.view(np.uint8), whole.view(np.uint8)], axis=1)
    return {NAME: ("Q8_0", data.reshape(ROWS, -1))}


def floats_of_8(exponent: int, fraction: int) -> Floats:
    """The values of every byte; those that are no numbers as infinite."""
    code = np.arange(256)
    part, power = code & (2**fraction - 1), (code >> fraction) & (2**exponent - 1)
    bias = 2 ** (exponent - 1) - 1
    small = part * 2.0 ** (1 - bias - fraction)
    large = (1 + part / 2.0**fraction) * 2.0 ** (power - bias)
    found = np.where(power == 0, small, large) * np.where(code >> 7, -1, 1)
    last = power == 2**exponent - 1
    odd = last & (part == 2**fraction - 1) if exponent == 4 else last
    return np.where(odd, np.inf, found).astype(np.float32)


def nearest(values: Floats, table: Floats) -> Array:
    found: Array = np.abs(values[..., None] - table).argmin(axis=-1).astype(np.uint8)
    return found


def fp8(kind: str, *, scaled: bool) -> Packing:
    table = floats_of_8(4, 3) if kind == "F8_E4M3" else floats_of_8(5, 2)

    def packing(values: Floats) -> Tensors:
        most = np.abs(values).max(axis=1, keepdims=True) / table[np.isfinite(table)].max()
        scale = most.astype(np.float32) if scaled else np.ones((ROWS, 1), np.float32)
        main = {NAME: (kind, nearest(values / scale, table))}
        return {**main, f"{UP}.weight_scale": ("F32", scale)} if scaled else main

    return packing


def int8(values: Floats, *, whole: bool) -> Tensors:
    """Signed bytes with one step for the matrix, or for each row."""
    most = np.abs(values).max(axis=None if whole else 1, keepdims=True).reshape(-1, 1)
    numbers = np.round(values / most * 127).astype(np.int8)
    scale = np.broadcast_to(most / 127, (ROWS, 1)).astype(np.float32)
    return {NAME: ("I8", numbers), f"{UP}.weight_scale": ("F32", scale)}


E4M3, E5M2 = fp8("F8_E4M3", scaled=True), fp8("F8_E5M2", scaled=True)
CAST = fp8("F8_E4M3", scaled=False)
CASES: Mapping[str, tuple[Packing, Floats, float, Kind]] = {
    "Q8_0": (q8_0, weights(), 0, Kind.QUANTIZED),
    "Q8_0 of outliers": (q8_0, weights(outlier=30), 0, Kind.QUANTIZED),
    "Q8_0, edited": (q8_0, weights(), 0.03, Kind.LOW_RANK),
    "F8_E4M3": (E4M3, weights(), 0, Kind.QUANTIZED),
    "F8_E4M3 of outliers": (E4M3, weights(outlier=30), 0, Kind.QUANTIZED),
    "F8_E4M3, edited": (E4M3, weights(), 0.08, Kind.LOW_RANK),
    "F8_E5M2": (E5M2, weights(), 0, Kind.QUANTIZED),
    "F8_E5M2, edited": (E5M2, weights(), 0.16, Kind.LOW_RANK),
    "F8_E4M3 without a scale": (CAST, weights(), 0, Kind.QUANTIZED),
    "F8_E4M3 without a scale, of small values": (CAST, weights(0.002), 0, Kind.QUANTIZED),
    "F8_E4M3 without a scale, edited": (CAST, weights(0.2), 0.1, Kind.LOW_RANK),
    "int8 in rows": (lambda v: int8(v, whole=False), weights(), 0, Kind.QUANTIZED),
    "int8 in rows, edited": (lambda v: int8(v, whole=False), weights(), 0.05, Kind.LOW_RANK),
    "int8 with one step": (lambda v: int8(v, whole=True), weights(), 0, Kind.QUANTIZED),
    "int8 with one step, of an outlier": (
        lambda v: int8(v, whole=True),
        weights(outlier=20),
        0,
        Kind.QUANTIZED,
    ),
    "int8 with one step, edited": (
        lambda v: int8(v, whole=True),
        weights(),
        0.1,
        Kind.LOW_RANK,
    ),
}


def packed(packing: Packing, values: Floats, size: float) -> Change:
    theirs, base_reader = file_of({NAME: ("F32", values)})
    tensors = packing(edit(values, size) if size else values)
    ours, reader = file_of(tensors)
    ours = tuple(replace(one, shape=(ROWS, COLUMNS)) if one.name == NAME else one for one in ours)
    changes = change_map(theirs, ours, base_reader, reader, named="base").changes
    (change,) = (one for one in changes if one.base == NAME)
    return change


@pytest.mark.parametrize("name", CASES)
def test_rounding_is_told_from_an_edit_beside_it(name: str) -> None:
    packing, values, size, kind = CASES[name]
    change = packed(packing, values, size)
    assert change.kind is kind, change
    assert ("changed beyond that" in change.detail) is (kind is not Kind.QUANTIZED)
    assert change.rank == (1 if size else None)
