"""Edits that hide: in a type that is not read, under a rounding of which nobody speaks, behind a
word of the card; and honest children that look like them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from provenance.verdict import Outcome
from provenance.weights.values import canonical, from_canonical
from tests.checks import edited as e
from tests.checks import packs
from tests.checks.test_edits import LORA, Files
from tests.weights.tiny import file


def coarse(model: e.Tensors) -> e.Tensors:
    """The values that BF16 has."""
    return {name: from_canonical(canonical(values)) for name, values in model.items()}


BASE = coarse(e.base())
PARENT = e.Registered(repo="base/b", model={}, files={"model.safetensors": packs.halves(BASE)})
MERGED = coarse(e.adapted(BASE, "q_proj", "v_proj"))
"""Factors that were merged in BF16."""
TYPES: Mapping[str, Callable[[e.Tensors], Files]] = {
    "float32": lambda model: {"model.safetensors": file(dict(model))},
    "float16": lambda model: {"model.safetensors": packs.halves(model)},
    "gguf of float32": lambda model: {"model.gguf": packs.gguf(model, packs.F32)},
    "gguf of float16": lambda model: {"model.gguf": packs.gguf(model, packs.F16)},
}


def found(files: Files, relation: str = "", *, here: bool = True) -> dict[str, str]:
    """The rules of what is not fine in a child, with their words; of a pass those."""
    every = e.findings(PARENT, files, relation=relation, here=here)
    odd = {one.rule: one.message for one in every if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN)}
    return odd or {one.rule: one.message for one in every}


@pytest.mark.parametrize("kind", TYPES)
def test_factors_merged_in_a_coarser_type_keep_their_rank(kind: str) -> None:
    assert found({**TYPES[kind](MERGED), **LORA}).keys() == {"weights/pass"}


@pytest.mark.parametrize("kind", TYPES)
def test_an_edit_of_what_was_merged_in_a_coarser_type(kind: str) -> None:
    child = coarse(e.edit(e.DOWN)(MERGED))
    words = found({**TYPES[kind](child), **LORA})["weights/exceeded"]
    assert "down" in words
    assert "also changed (rank 1, 5.0 %)" in words
