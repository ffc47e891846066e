"""What configurations, recipes and cards say of which modules were trained, and of what rank."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provenance.claims.files import ModelFiles
from provenance.claims.trained import declared, of_files
from provenance.weights.changes.scope import Declaration
from tests.claims.models import evidence

LORA = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj"]}
RANKS: Mapping[str, tuple[dict[str, object], int | None]] = {
    "as it is": (LORA, 4),
    "without a type": ({"r": 4, "target_modules": ["q_proj"]}, 4),
    "another of some modules": ({**LORA, "rank_pattern": {"v_proj": 12}}, 4),
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


BINDS: Mapping[str, tuple[dict[str, object], dict[str, object]]] = {
    "ranks of some modules": ({"rank_pattern": {"v_proj": 12}}, {"ranks": (("v_proj", 12),)}),
    "directions that were kept": (
        {"peft_type": "ADALORA", "rank_pattern": {"l.0.q_proj.lora_E": [True, False, True]}},
        {"ranks": (("l.0.q_proj", 2),)},
    ),
    "some layers": ({"layers_to_transform": [0, 3]}, {"layers": (0, 3)}),
    "one layer": ({"layers_to_transform": 2}, {"layers": (2,)}),
    "layers, by axolotl": (
        {"peft_layers_to_transform": ["0", "1"], "peft_layers_pattern": "blocks"},
        {"layers": (0, 1), "stacks": ("blocks",)},
    ),
    "no layers": ({"layers_to_transform": [], "layers_pattern": None}, {"layers": ()}),
    "modules left out": ({"exclude_modules": ["lm_head"]}, {"excluded": ("lm_head",)}),
    "an expression of them": ({"exclude_modules": ".*vision.*"}, {"excluded": ("(?:.*vision.*)",)}),
}


@pytest.mark.parametrize(("more", "expected"), BINDS.values(), ids=BINDS)
def test_what_is_said_of_some_modules(more: dict[str, object], expected: dict[str, object]) -> None:
    found = only({**LORA, **more})
    assert {key: getattr(found, key) for key in expected} == expected


ROUNDED: tuple[tuple[object, bool], ...] = (
    (LORA, False),
    ({"adapter": "qlora", "lora_r": 4, "lora_target_linear": True}, True),
    ({"adapter": "lora", "lora_r": 4, "load_in_8bit": True}, False),
    ([LORA, {"load_in_4bit": True}], True),
    ([LORA, {"load_in_4bit": False}], False),
    ({"lora_rank": "8", "lora_target": "all", "quantization_bit": "4"}, True),
    ([LORA, {"load_in_4bit": ["x"], "quantization_bit": {}}], False),
)


@pytest.mark.parametrize(("table", "four_bits"), ROUNDED)
def test_a_base_that_is_rounded_to_four_bits_first(table: object, four_bits: bool) -> None:
    assert only(table).four_bits is four_bits


def test_several_tables_have_the_sum_of_their_highest_ranks() -> None:
    other = {"peft_type": "LORA", "r": 8, "target_modules": ["v_proj"], "layers_to_transform": [1]}
    (found,) = declared("config", [[{**LORA, "rank_pattern": {"q_proj": 12}}, other]])
    assert (found.rank, found.ranks, found.layers) == (20, (), ())
    assert found.modules == ("q_proj", "v_proj")


TOKENS: tuple[tuple[object, tuple[str, ...]], ...] = (
    ([3, 5], ("embed_tokens",)),
    ({"wte": [3]}, ("wte",)),
    ([], ()),
    (None, ()),
)


@pytest.mark.parametrize(("said", "tables"), TOKENS)
def test_tables_of_which_rows_are_trained(said: object, tables: tuple[str, ...]) -> None:
    assert only({**LORA, "trainable_token_indices": said}).tokens == tables


FRONT = "---\nbase_model: acme/base\n---\n"
RECIPE = "adapter: lora\nlora_r: 8\nlora_target_modules: [q_proj]\n"
BLOCK = f"```yaml\n{RECIPE}```\n"
AXOLOTL = f"<details><summary>See axolotl config</summary>\n\naxolotl version: `0.4.1`\n{BLOCK}"
BINDING: Mapping[str, str] = {
    "front matter": f"---\n{RECIPE}---\n# A model\n",
    "axolotl's own section": f"{FRONT}# m\n\n{AXOLOTL}\n</details><br>\n\n## Intended uses\n",
    "axolotl's in a part of its own": f"# Example-LM\n## Training details\n{AXOLOTL}</details>",
    "lines of Windows": f"{FRONT}## Training procedure\n{BLOCK}".replace("\n", "\r\n"),
    "below what was trained": f"## Training procedure\n### Training hyperparameters\n{BLOCK}",
    "a part of a part": f"## Training\n### Configuration\nWe ran this.\n\n{BLOCK}",
    "in HTML": f"<h2 align='center'>Fine-tuning details</h2>\n{BLOCK}",
    "underlined": f"LoRA configuration\n------------------\n\n{BLOCK}",
    "a line in bold": f"# A guide\n\n**Training config**\n\n{BLOCK}",
    "a line that leads to it": f"# m\n\nIt was trained with the following config:\n\n{BLOCK}",
    "a linked word": f"## [Axolotl](https://example.com/usage) config\n{BLOCK}",
    "behind a use": f"## Usage\n```python\nx\n```\n## Training\n{BLOCK}",
    "a title with any words": f"# Quick-Start Guide Original 7B\n## Training\n{BLOCK}",
}
UNCLEAR: Mapping[str, str] = {
    "no heading": BLOCK,
    "a title alone": f"# m-lora\n{BLOCK}",
    "how to use it": f"## Usage\n{BLOCK}",
    "how to go on": f"## Fine-tuning\n{BLOCK}",
    "how others may train": f"## Training your own adapter\n{BLOCK}",
    "how to train": f"## How to train\n{BLOCK}",
    "an example": f"## Training\n### Example config\n{BLOCK}",
    "an example in a line": f"## Training\n\nFor example, with axolotl:\n\n{BLOCK}",
    "a part of a use": f"## Examples\n### Training configuration\n{BLOCK}",
    "of another model": f"## Training of the base model\n{BLOCK}",
    "of a named model": f"## Training acme-7b-chat\n{BLOCK}",
    "a quoted card": f"# Original model card: acme\n# acme\n## Training\n{BLOCK}",
    "behind what was closed": f"{AXOLOTL.replace(BLOCK, '')}</details>\n\nAnd so on.\n{BLOCK}",
    "settings below the front matter": (f"{FRONT}# m\n---\nbase_model: acme/x\n{RECIPE}---\n"),
}


def of_card(text: str) -> list[Declaration]:
    given = evidence({"README.md": text.encode()})
    return list(of_files(ModelFiles(evidence=given).by_path))


@pytest.mark.parametrize("card", BINDING.values(), ids=BINDING)
def test_a_card_says_how_its_model_was_trained(card: str) -> None:
    assert of_card(card) == [Declaration(said="README.md", modules=("q_proj",), rank=8)]


@pytest.mark.parametrize("card", UNCLEAR.values(), ids=UNCLEAR)
def test_what_may_be_of_something_else_says_nothing(card: str) -> None:
    assert of_card(card) == []


def test_of_two_that_differ_each_may_have_the_ranks_of_both() -> None:
    other = BLOCK.replace("8", "16").replace("q_proj", "v_proj")
    found = of_card(f"## Training\n{BLOCK}{other}")
    assert [(one.modules, one.rank) for one in found] == [(("q_proj",), 24), (("v_proj",), 24)]
