"""What configurations, recipes and cards say of which modules were trained, and of what rank."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provenance.claims.trained import declared
from provenance.weights.changes.declared import Declaration

LORA = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj"]}
RANKS: Mapping[str, tuple[dict[str, object], int | None]] = {
    "as it is": (LORA, 4),
    "without a type": ({"r": 4, "target_modules": ["q_proj"]}, 4),
    "highest of some modules": ({**LORA, "rank_pattern": {"v_proj": 12}}, 12),
    "scaled by another root": ({**LORA, "use_rslora": True}, 4),
    "some layers": ({**LORA, "layers_to_transform": [0]}, 4),
    "magnitudes beside them": ({**LORA, "use_dora": True}, None),
    "magnitudes, by axolotl": (
        {"lora_r": 4, "lora_target_linear": True, "peft_use_dora": True},
        None,
    ),
    "begun at the largest directions": ({**LORA, "init_lora_weights": "pissa_niter_16"}, None),
    "begun as normal": ({**LORA, "init_lora_weights": "gaussian"}, 4),
    "of the first budget": ({**LORA, "peft_type": "ADALORA", "init_r": 12}, 12),
    "products of products": ({**LORA, "peft_type": "LOHA"}, None),
    "of Kronecker": ({**LORA, "peft_type": "LOKR"}, None),
    "of vectors": ({**LORA, "peft_type": "VERA", "r": 256}, None),
    "digits of YAML": ({"lora_rank": "8", "lora_target": "q_proj"}, 8),
    "no digits": ({"lora_rank": "\N{SUPERSCRIPT TWO}", "lora_target": "q_proj"}, None),
    "far too many digits": ({"lora_rank": "9" * 9999, "lora_target": "q_proj"}, None),
    "a truth": ({**LORA, "r": True}, None),
}


def only(table: object) -> Declaration:
    (found,) = declared("config", [table])
    return found


@pytest.mark.parametrize(("table", "rank"), RANKS.values(), ids=RANKS)
def test_a_rank(table: dict[str, object], rank: int | None) -> None:
    assert only(table).rank == rank


OFF: tuple[dict[str, object], ...] = (
    {"finetuning_type": "full", "lora_rank": "8", "lora_target": "all"},
    {"adapter": "", "lora_r": "8", "lora_target_linear": True},
    {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 8},
    {"r": 4},
)


@pytest.mark.parametrize("table", OFF)
def test_factors_that_are_off_are_no_declaration(table: object) -> None:
    assert not list(declared("config", [table]))


TOKENS: tuple[tuple[object, tuple[str, ...]], ...] = (
    ([3, 5], ("embed_tokens",)),
    ({"wte": [3]}, ("wte",)),
    ([], ()),
    (None, ()),
)


@pytest.mark.parametrize(("said", "tables"), TOKENS)
def test_tables_of_which_rows_are_trained(said: object, tables: tuple[str, ...]) -> None:
    assert only({**LORA, "trainable_token_indices": said}).tokens == tables
