"""QLoRA merged into its base unpacked again: rounded to four bits, and then changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from provenance.model import TensorDigest
from provenance.weights.changes.change import BEYOND, Change, Kind
from provenance.weights.changes.declared import exceeded, exceeded_by_ledger
from provenance.weights.changes.mapping import change_map
from provenance.weights.changes.scope import Declaration
from provenance.weights.ledger import Ledger
from provenance.weights.values import Floats, from_canonical
from tests.weights.tiny import Array, bf16, opened

WIDTH, LINES = 256, 320
NF4 = (-1.0, -0.6962, -0.52507, -0.39492, -0.28444, -0.18477, -0.09105, 0.0,
       0.07958, 0.16093, 0.24611, 0.33792, 0.44071, 0.56262, 0.72296, 1.0)  # fmt: skip
FP4 = (
    -1,
    -2 / 3,
    -0.5,
    -1 / 3,
    -0.25,
    -1 / 6,
    -1 / 192,
    0,
    1 / 192,
    1 / 6,
    0.25,
    1 / 3,
    0.5,
    2 / 3,
    1,
)
NAMES = ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
LAYERS = [f"model.layers.{layer}.{name}.weight" for layer in range(2) for name in NAMES]


def rough(values: Floats, codes: tuple[float, ...], size: int = 64) -> Floats:
    """As bitsandbytes unpacks what it packed, its scales rounded too."""
    groups = values.reshape(-1, size)
    largest = np.abs(groups).max(axis=1, keepdims=True)
    shares = (groups / largest)[..., None] - np.array(codes, np.float32)
    nearest = np.array(codes, np.float32)[np.abs(shares).argmin(axis=-1)]
    scales = largest * (1 + 0.01 * np.random.default_rng(2).standard_normal(largest.shape))
    return np.asarray(nearest * scales, np.float32).reshape(values.shape)


def matrix(seed: int) -> Floats:
    """Values of a trained matrix: some lines and columns are larger than others."""
    rng = np.random.default_rng(seed)
    lines, columns = (np.exp(0.3 * rng.standard_normal(n)) for n in (LINES, WIDTH))
    values = 0.02 * rng.standard_normal((LINES, WIDTH)) * lines[:, None] * columns
    return from_canonical(bf16(values).reshape(-1)).reshape(LINES, WIDTH)


def product(rank: int, size: float, seed: int = 0) -> Floats:
    rng = np.random.default_rng((rank, seed))
    found = rng.standard_normal((LINES, rank)) @ rng.standard_normal((rank, WIDTH))
    return np.asarray(found * size * np.linalg.norm(matrix(0)) / np.linalg.norm(found), np.float32)


def change_to(place: Path, after: Array) -> Change:
    theirs, base_reader = opened(place / "base", model={LAYERS[0]: bf16(matrix(0))})
    ours, reader = opened(place / "own", model={LAYERS[0]: after})
    (found,) = change_map(theirs, ours, base_reader, reader, named="base").changes
    return found


BASE, ROUGH = matrix(0), rough(matrix(0), NF4)
NOISE = product(WIDTH, 0.1)
MERGED: Mapping[str, tuple[Floats, Kind, int | None, str]] = {
    "nothing but rounded": (ROUGH, Kind.QUANTIZED, None, "nf4 in groups of 64"),
    "a small adapter": (ROUGH + product(4, 0.02), Kind.LOW_RANK, 4, BEYOND),
    "a large adapter": (ROUGH + product(16, 0.3), Kind.LOW_RANK, 16, BEYOND),
    "FP4": (rough(BASE, FP4) + product(4, 0.05), Kind.LOW_RANK, 4, "fp4 in groups of 64"),
    "longer groups": (rough(BASE, NF4, 128) + product(4, 0.05), Kind.LOW_RANK, 4, "nf4"),
    "one direction more": (
        ROUGH + product(4, 0.1) + product(1, 0.02, seed=1),
        Kind.LOW_RANK,
        5,
        BEYOND,
    ),
}


@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
@pytest.mark.parametrize("name", MERGED)
def test_an_adapter_merged_into_a_rounded_base_has_its_rank(
    name: str, dtype: str, tmp_path: Path
) -> None:
    values, kind, rank, words = MERGED[name]
    stored: Mapping[str, Array] = {
        "BF16": bf16(values),
        "F16": values.astype(np.float16),
        "F32": values,
    }
    found = change_to(tmp_path, stored[dtype])
    assert (found.kind, found.rank) == (kind, rank), found
    assert words in found.detail


DENSE: Mapping[str, Floats] = {
    "a dense edit as large as the rounding": ROUGH + product(4, 0.1) + NOISE,
    "a dense edit below it": ROUGH + product(4, 0.1) + NOISE * np.float32(0.4),
    "a dense edit of the base": BASE + NOISE,
}


@pytest.mark.parametrize("name", DENSE)
def test_a_dense_edit_stays_dense(name: str, tmp_path: Path) -> None:
    found = change_to(tmp_path, bf16(DENSE[name]))
    assert found.kind is Kind.DENSE
    assert (found.rank or 0) > 40


def model(trained: tuple[str, ...], extra: str = "") -> dict[str, Array]:
    """All linear modules rounded, and those that were trained changed then."""
    found = {name: rough(matrix(n), NF4) for n, name in enumerate(LAYERS)}
    for n, name in enumerate(LAYERS):
        if name.split(".")[-2] in trained:
            found[name] = found[name] + product(4, 0.1, seed=n)
    if extra:
        found[extra] = found[extra] + NOISE
    return {name: bf16(values) for name, values in found.items()}


ALL = ("q_proj", "o_proj", "up_proj", "down_proj")
MOST = ("q_proj", "up_proj", "down_proj")
JUDGED: Mapping[str, tuple[tuple[str, ...], str, bool, list[str]]] = {
    "all linear modules": (ALL, "", True, []),
    "all linear modules, of which nothing is said": (ALL, "", False, []),
    "some": (("q_proj",), "", True, []),
    "most": (MOST, "", True, []),
    "most, of which nothing is said": (MOST, "", False, []),
    "a dense edit of a trained one": (ALL, LAYERS[0], True, [LAYERS[0]]),
    "a dense edit of another": (("q_proj",), LAYERS[1], True, [LAYERS[1]]),
}


@pytest.mark.parametrize("name", JUDGED)
def test_what_is_beyond_a_declared_adapter(name: str, tmp_path: Path) -> None:
    trained, extra, said, beyond = JUDGED[name]
    base = {name: bf16(matrix(n)) for n, name in enumerate(LAYERS)}
    theirs, base_reader = opened(tmp_path / "base", model=base)
    ours, reader = opened(tmp_path / "own", model=model(trained, extra))
    found = change_map(theirs, ours, base_reader, reader, named="base").changes
    declared = Declaration(said="card", modules=trained, rank=4, four_bits=said)
    assert [one.change.name for one in exceeded(declared, found)] == beyond


TABLE, NORM = "model.embed_tokens.weight", "model.norm.weight"
LEDGERS: Mapping[str, tuple[str, tuple[int, ...], bool, bool]] = {
    "a matrix": (LAYERS[1], (8, 8), True, False),
    "a matrix of a base that is not rounded": (LAYERS[1], (8, 8), False, True),
    "a table": (TABLE, (8, 8), True, True),
    "a norm": (NORM, (8,), True, True),
    "a vector of no known name": ("model.layers.0.mixer.D", (8,), True, True),
}


@pytest.mark.parametrize("name", LEDGERS)
def test_by_digests_what_is_rounded_is_not_told(name: str) -> None:
    tensor, shape, said, exceeds = LEDGERS[name]
    ours, theirs = (
        Ledger(entries=(TensorDigest(path="m", name=tensor, dtype="BF16", shape=shape,
                                     opening=opening, digest=""),))
        for opening in ("a", "b")
    )  # fmt: skip
    declared = Declaration(said="card", modules=("q_proj",), rank=4, four_bits=said)
    assert bool(exceeded_by_ledger(declared, ours, theirs)) is exceeds
