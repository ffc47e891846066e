"""What holds a child to what is said of it: nothing that its card adds takes that away."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from provenance.verdict import Outcome
from tests.checks import edited as e
from tests.checks import packs
from tests.checks.test_edits import CONFIG, Files
from tests.checks.test_hidden_edits import BASE, MERGED, PARENT, gptq, halves, int8, lora, without

FAIL, UNKNOWN = (Outcome.FAIL, "weights/exceeded"), (Outcome.UNKNOWN, "weights/exceeded")
PASS = (Outcome.PASS, "weights/pass")
NAMED: Mapping[str, tuple[str, str, e.Edit, tuple[Outcome, str]]] = {
    "one": ("base/b", "", e.edit(e.DOWN), FAIL),
    "another that is nowhere": ("[base/b, acme/other]", "", e.edit(e.DOWN), UNKNOWN),
    "a merge with one that is nowhere": ("[base/b, acme/x]", "merge", e.edit(e.DOWN), UNKNOWN),
    "quantised of one that is nowhere": ("[base/b, acme/x]", "quantized", e.edit(e.DOWN), FAIL),
    "another, and as declared": ("[base/b, acme/other]", "", lambda m: m, PASS),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_parent_that_is_not_here_lifts_no_bound(name: str) -> None:
    named, relation, edit, expected = NAMED[name]
    model = BASE if relation == "quantized" else MERGED
    found = e.findings(PARENT, lora(edit(model)), relation=relation, named=named)
    assert {(one.outcome, one.rule) for one in found} == {expected}


def other(name: str, values: object) -> e.Edit:
    """The model with these values in the place of its own."""
    return lambda model: model | {name: np.asarray(values)}


def _swapped(model: e.Tensors) -> e.Tensors:
    """Its two layers in each other's place."""
    words = {"layers.0.": "layers.1.", "layers.1.": "layers.0."}
    found = dict(model)
    for here, there in words.items():
        found |= {n.replace(here, there): v for n, v in model.items() if here in n}
    return found


NO_NUMBERS = np.full(BASE[e.Q].shape, np.nan, np.float32)
ONE_INFINITE = np.where(np.arange(e.WIDTH)[:, None] == 3, np.inf, MERGED[e.Q]).astype(np.float32)
LOST: Mapping[str, tuple[e.Edit, str]] = {
    "left out": (without(".0.self_attn.q_proj."), "layers.0.self_attn.q_proj also left out"),
    "zeros": (other(e.Q, 0 * BASE[e.Q]), "q_proj also changed (pruned, 100.0 %)"),
    "no numbers": (other(e.Q, NO_NUMBERS), "q_proj also changed (holds 65536 values"),
    "a row of no numbers": (other(e.Q, ONE_INFINITE), "holds 256 values that are no numbers"),
    "half of its rows": (other(e.Q, MERGED[e.Q][: e.WIDTH // 2]), "q_proj also changed"),
    "half of its columns": (other(e.Q, MERGED[e.Q][:, : e.WIDTH // 2]), "q_proj also changed"),
    "layers in another order": (_swapped, "moved here from model.layers.1."),
}


@pytest.mark.parametrize("name", LOST)
def test_what_factors_never_do_to_a_declared_module(name: str) -> None:
    edit, words = LOST[name]
    (found,) = [
        one.message for one in e.findings(PARENT, lora(edit(MERGED))) if one.outcome is Outcome.FAIL
    ]
    assert words in found


@pytest.mark.parametrize("kept", [halves, int8, gptq])
def test_a_copy_has_its_layers_in_their_places(kept: Callable[[e.Tensors], Files]) -> None:
    found = e.findings(PARENT, kept(_swapped(BASE)), relation="quantized")
    assert "weights/exceeded" in {one.rule for one in found if one.outcome is Outcome.FAIL}


@pytest.mark.parametrize("here", [True, False])
def test_the_same_tensors_in_another_order_are_not_identical(here: bool) -> None:
    found = e.findings(PARENT, halves(_swapped(BASE)), here=here)
    assert not any("bit-identical to" in one.message for one in found)
    assert any("layers.0 is its layers.1" in one.message for one in found)


ROW = 37


def _with_row(model: e.Tensors) -> e.Tensors:
    """One row of a declared matrix changed by a twentieth of itself, in a direction of its own."""
    values = model[e.Q].copy()
    values[ROW] += 0.05 * values[ROW][::-1]
    return model | {e.Q: values}


def _with_rows(model: e.Tensors) -> e.Tensors:
    """A fifth of the rows of a declared matrix as in another model, and the rest as in the base."""
    values = BASE[e.Q].copy()
    values[: len(values) // 5] = values[: len(values) // 5, ::-1]
    return model | {e.Q: values}


@pytest.mark.parametrize("edit", [_with_row, _with_rows])
def test_every_row_of_a_declared_matrix_is_held_to_the_rank(edit: e.Edit) -> None:
    found = {one.rule: one.message for one in e.findings(PARENT, lora(edit(MERGED)))}
    assert "self_attn.q_proj changed beyond that rank" in found["weights/exceeded"]


TOKENS: dict[str, object] = {"trainable_token_indices": {"embed_tokens": [5, 9]}}


def adapter(model: e.Tensors, **more: object) -> Files:
    """A merged adapter with more said of it."""
    return {**halves(model), "adapter_config.json": json.dumps(CONFIG | more).encode()}


def rows(*places: int, longer: bool = False) -> e.Edit:
    """Other values in these rows of the table, and one row more behind them."""

    def made(model: e.Tensors) -> e.Tensors:
        table = model[e.TABLE].copy()
        table[list(places)] = table[list(places), ::-1]
        return model | {e.TABLE: np.vstack([table, table[:1]]) if longer else table}

    return made


SPOKEN: Mapping[str, tuple[e.Edit, dict[str, object], str]] = {
    "the rows that are said": (rows(5, 9), TOKENS, "weights/pass"),
    "one of them": (rows(9), TOKENS, "weights/pass"),
    "another row": (rows(5, 10), TOKENS, "weights/exceeded"),
    "another row, and one more": (rows(10, longer=True), TOKENS, "weights/exceeded"),
    "every row": (rows(*range(e.VOCABULARY)), TOKENS, "weights/exceeded"),
    "rows of the one table": (rows(5), {"trainable_token_indices": [5]}, "weights/pass"),
    "of the one table another": (rows(6), {"trainable_token_indices": [5]}, "weights/exceeded"),
}


@pytest.mark.parametrize("name", SPOKEN)
def test_rows_of_tokens_are_those_that_are_said(name: str) -> None:
    edit, more, rule = SPOKEN[name]
    found = e.findings(PARENT, adapter(edit(MERGED), **more))
    assert found[0].rule == rule


@pytest.mark.parametrize("more", [{"use_dora": True}, {"init_lora_weights": "pissa"}])
def test_a_pass_says_that_no_rank_was_held(more: dict[str, object]) -> None:
    (found,) = e.findings(PARENT, adapter(e.edit(e.Q, 0.4, rank=80)(MERGED), **more))
    assert (found.rule, "binds the change of q,v to no rank" in found.message) == (
        "weights/pass",
        True,
    )


SCORE = {"score.weight": np.ones((3, e.WIDTH), np.float32)}
VALUES = {"v_head.summary.weight": np.ones((1, e.WIDTH), np.float32),
          "v_head.summary.bias": np.ones(1, np.float32)}  # fmt: skip
SEQUENCES, TIED = "LlamaForSequenceClassification", {"tie_word_embeddings": True}
HEADLESS = {name: values for name, values in MERGED.items() if name != e.HEAD}
HEADS: Mapping[str, tuple[e.Tensors, dict[str, object], str]] = {
    "of a classifier": (HEADLESS | SCORE, {"architectures": [SEQUENCES]}, "weights/pass"),
    "none, of what embeds": (HEADLESS, {"architectures": ["LlamaModel"]}, "weights/pass"),
    "of values": (MERGED | VALUES, {"architectures": ["LlamaForCausalLM"]}, "weights/pass"),
    "left out": (HEADLESS, {"architectures": ["LlamaForCausalLM"]}, "weights/exceeded"),
    "the table": (HEADLESS, {"architectures": ["LlamaModel"], **TIED}, "weights/exceeded"),
    "left out, and no word on it": (HEADLESS, {}, "weights/exceeded"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_goes_with_its_architecture(name: str) -> None:
    model, settings, rule = HEADS[name]
    files = {**lora(model), "config.json": json.dumps(settings).encode()}
    (found,) = e.findings(PARENT, files)
    assert found.rule == rule
    assert (
        rule == "weights/pass" or "lm_head also left out, and model.embed_tokens" in found.message
    )


def longer(table: e.Floats, size: float = 0.0) -> e.Floats:
    """A table with three rows of the mean more, and its own moved by so much of themselves."""
    return np.vstack([table * (1 + size), np.tile(table.mean(axis=0), (3, 1))])


TABLES: Mapping[str, tuple[e.Floats, e.Floats, str]] = {
    "the longer table": (longer(BASE[e.TABLE]), longer(BASE[e.TABLE]), "weights/pass"),
    "another one": (longer(BASE[e.TABLE]), longer(BASE[e.TABLE], 0.1), "weights/exceeded"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_head_that_is_the_table_may_be_kept_beside_it(name: str) -> None:
    table, head, rule = TABLES[name]
    tied = {key: values for key, values in BASE.items() if key != e.HEAD}
    parent = e.Registered(repo="base/b", model={}, files={"model.safetensors": packs.halves(tied)})
    found = e.findings(parent, lora(MERGED | {e.TABLE: table, e.HEAD: head}))
    assert [one.rule for one in found] == [rule]
