"""Tensors are counted as a file has them, whatever matrices lie in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from provenance.source.stored import FolderReader
from provenance.weights.changes.mapping import change_map
from provenance.weights.changes.summary import summary, tensors_of
from tests.weights.tiny import Array, opened

Q, K, V, FUSED = (f"model.layers.0.self_attn.{name}_proj.weight" for name in ("q", "k", "v", "qkv"))
UP = "model.layers.0.mlp.up_proj.weight"
NAMES = (Q, K, V, UP)
BASE = dict(
    zip(NAMES, np.random.default_rng(0).standard_normal((4, 64, 64), np.float32), strict=True)
)


def fused(weights: Mapping[str, Array]) -> dict[str, Array]:
    """The same with query, key and value in one tensor."""
    return {FUSED: np.vstack([weights[name] for name in (Q, K, V)]), UP: weights[UP]}


EDITED = {**BASE, K: BASE[K] * 2}
HALF = {name: values.astype(np.float16) for name, values in BASE.items()}
CASES: Mapping[str, tuple[Mapping[str, Array], Mapping[str, Array], str]] = {
    "apart": (BASE, BASE, "4 of 4 tensors identical"),
    "both fused": (fused(BASE), fused(BASE), "2 of 2 tensors identical"),
    "fused here": (BASE, fused(BASE), "2 of 2 tensors identical"),
    "fused there": (fused(BASE), BASE, "4 of 4 tensors identical"),
    "one part edited": (fused(BASE), fused(EDITED), "1 of 2 tensors identical"),
    "one apart edited": (BASE, EDITED, "3 of 4 tensors identical"),
    "all of one edited": (
        fused(BASE),
        fused({name: values * 2 for name, values in BASE.items()}),
        "2 of 2 tensors changed, by 100.0 % in the median",
    ),
    "re-typed": (fused(BASE), fused(HALF), "2 of 2 tensors re-typed (F32 to F16)"),
    "fused is left out": (fused(BASE), {UP: BASE[UP]}, "1 removed"),
    "fused is added": ({UP: BASE[UP]}, fused(BASE), "1 added"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_tensor_of_several_matrices_is_one(name: str, tmp_path: Path) -> None:
    before, after, says = CASES[name]
    theirs, base_reader = opened(tmp_path / "base", model=before)
    ours, reader = opened(tmp_path / "derived", model=after)
    found = change_map(theirs, ours, base_reader, reader, named="base")
    assert says in summary(found)


def test_tensors_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    sides = []
    for name in ("base", "derived"):
        place = tmp_path / name
        stored = [opened(place / part, model=BASE)[0] for part in ("one", "two")]
        moved = [
            replace(one, path=f"{part}/{one.path}")
            for part, some in zip(("one", "two"), stored, strict=True)
            for one in some
        ]
        sides.append((tuple(moved), FolderReader(root=place)))
    (theirs, base_reader), (ours, reader) = sides
    changes = change_map(theirs, ours, base_reader, reader, named="base").changes
    assert tensors_of(changes) == 2 * len(BASE)
