"""Edits that hide: in a type that is not read, under a rounding of which nobody speaks, behind a
word of the card; and honest children that look like them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from provenance.checks.ancestry.relations import relations
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


def add(name: str, values: object) -> e.Edit:
    """The model with these values in the place of its own."""
    return lambda model: model | {name: np.asarray(values)}


def without(*words: str) -> e.Edit:
    """The model without the tensors whose names hold one of these."""
    return lambda model: {n: v for n, v in model.items() if not any(word in n for word in words)}


def on_lattice(bits: int) -> e.Edit:
    """Every matrix of a layer rounded to so many bits in groups of 32, and kept as floats."""
    most = 2 ** (bits - 1) - 1

    def rounded(values: e.Floats) -> e.Floats:
        groups = values.reshape(-1, 32)
        step = np.abs(groups).max(axis=1, keepdims=True) / most
        whole = np.round(groups / np.maximum(step, 1e-30)) * step
        return np.asarray(whole.reshape(values.shape), np.float32)

    return lambda model: coarse({
        name: rounded(values) if values.ndim == 2 and ".layers." in name else values
        for name, values in model.items()
    })  # fmt: skip


def some_rows(name: str, every: int) -> e.Edit:
    """Other values in one row of so many, not the first of them."""
    return lambda model: model | {name: _with_rows(model[name], every)}


def _with_rows(values: e.Floats, every: int) -> e.Floats:
    new = values.copy()
    new[every // 2 :: every] = np.flip(new[every // 2 :: every], axis=1)
    return new


def both(*edits: e.Edit) -> e.Edit:
    """One edit after the other."""

    def made(model: e.Tensors) -> e.Tensors:
        for one in edits:
            model = one(model)
        return model

    return made


def row_longer(edit: e.Edit) -> e.Edit:
    """The table with one row more behind those of an edit."""

    def made(model: e.Tensors) -> e.Tensors:
        new = edit(model)
        return new | {e.TABLE: np.vstack([new[e.TABLE], model[e.TABLE][:1]])}

    return made


def halves(model: e.Tensors) -> Files:
    return {"model.safetensors": packs.halves(model)}


def lora(model: e.Tensors) -> Files:
    return {**halves(model), **LORA}


def gptq(model: e.Tensors) -> Files:
    return {"model.safetensors": packs.gptq(model)}


def int8(model: e.Tensors) -> Files:
    return {"model.safetensors": packs.int8(model)}


PLAIN, NOTHING = BASE[e.DOWN], e.extra("lm_head.weight", BASE[e.HEAD])
INTS = add(e.DOWN, np.ones(PLAIN.shape, np.int64))
COPIED = add("model.layers.1.mlp.down_proj.weight", MERGED[e.DOWN])
NAN = add(e.INPUT, np.where(np.arange(e.WIDTH) == 3, np.nan, BASE[e.INPUT]).astype(np.float32))
HIDDEN: Mapping[str, tuple[Callable[[e.Tensors], Files], e.Tensors, str, e.Edit, str, str]] = {
    "integers": (lora, MERGED, "", INTS, "weights/unread", "I64 is not read as numbers"),
    "integers in a copy": (halves, BASE, "quantized", add(e.NORM, np.ones(e.WIDTH, np.int64)),
                           "weights/unread", "I64 is not read as numbers"),
    "a lattice of four bits": (lora, MERGED, "", on_lattice(4), "weights/exceeded", "also changed"),
    "under a lattice": (lora, MERGED, "", both(e.edit(e.DOWN, 0.25), on_lattice(4)),
                        "weights/exceeded", "down_proj also changed"),
    "rows on a lattice": (halves, BASE, "quantized", both(some_rows(e.DOWN, 20), on_lattice(8)),
                          "weights/exceeded", "layers.0.mlp.down_proj"),
    "zeros": (int8, BASE, "quantized", add(e.HEAD, 0 * BASE[e.HEAD]), "weights/exceeded", "pruned"),
    "a longer table, edited": (int8, BASE, "quantized", row_longer(e.edit(e.TABLE, 0.3)),
                               "weights/exceeded", "embed_tokens.weight (reshaped, 30.0 %)"),
    "a longer table in gptq": (gptq, BASE, "quantized", row_longer(e.edit(e.TABLE, 0.3)),
                               "weights/exceeded", "embed_tokens"),
    "a shorter table": (int8, BASE, "quantized", lambda m: m | {e.TABLE: m[e.TABLE][:-8]},
                        "weights/exceeded", "embed_tokens"),
    "a layer left out": (int8, BASE, "quantized", without(".layers.1."),
                         "weights/exceeded", "layers.1.input_layernorm"),
    "a merge of one": (lora, MERGED, "merge", e.edit(e.DOWN), "weights/exceeded", "down_proj also"),
    "no word of the Hub": (lora, MERGED, "converted", e.edit(e.DOWN), "weights/exceeded", "down"),
    "a matrix of another layer": (lora, MERGED, "", COPIED, "weights/exceeded",
                                  "r = 4; layers.1.mlp.down_proj also changed"),
    "no number": (lora, MERGED, "", NAN, "weights/exceeded", "holds a value that is no number"),
}  # fmt: skip
"""How a child is kept, of what, what its card calls it, the edit; the finding with its words."""


@pytest.mark.parametrize("name", HIDDEN)
def test_an_edit_that_hides(name: str) -> None:
    kept, model, relation, edit, rule, words = HIDDEN[name]
    assert words in found(kept(edit(model)), relation)[rule]


OPEN: Mapping[str, tuple[Callable[[e.Tensors], Files], str, e.Edit, str]] = {
    "a packing": (
        gptq,
        "quantized",
        NOTHING,
        "below the rounding of packed matrices (up to",
    ),
    "a longer table": (int8, "quantized", row_longer(NOTHING), "of a matrix) is not told"),
    "a table in four bits": (halves, "quantized", on_lattice(4), "an edit below the rounding"),
}


@pytest.mark.parametrize("name", OPEN)
def test_an_honest_child_passes_with_what_is_left_open(name: str) -> None:
    kept, relation, edit, words = OPEN[name]
    assert words in found(kept(edit(BASE)), relation)["weights/pass"]


@pytest.mark.parametrize(("here", "fails"), [(True, set()), (False, {"ancestry/relation"})])
def test_values_on_a_lattice_are_what_the_card_calls_quantised(here: bool, fails: set[str]) -> None:
    files = {"config.json": b"{}", **halves(on_lattice(4)(BASE))}
    given = e.judged(PARENT, files, relation="quantized", here=here)
    assert {one.rule for one in relations(given)} == fails
