"""Children that mergekit makes of recipes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import MAKERS, maker

LINEAR = """
merge_method: linear
models:
  - model: acme/tiny-llama-chat
    parameters: {weight: 0.7}
  - model: acme/tiny-llama-code
    parameters: {weight: 0.3}
dtype: float16
"""
SLERP = """
slices:
  - sources:
      - model: acme/tiny-llama-chat
        layer_range: [0, 2]
      - model: acme/tiny-llama-code
        layer_range: [0, 2]
merge_method: slerp
base_model: acme/tiny-llama-chat
parameters:
  t:
    - filter: self_attn
      value: [0, 0.5, 1]
    - value: 0.5
dtype: bfloat16
"""
TIES = """
models:
  - model: acme/tiny-llama
  - model: acme/tiny-llama-chat
    parameters: {density: 0.5, weight: 0.5}
  - model: acme/tiny-llama-code
    parameters: {density: 0.5, weight: 0.3}
merge_method: ties
base_model: acme/tiny-llama
parameters: {normalize: true}
dtype: float16
"""
DARE = """
models:
  - model: acme/tiny-llama-chat
    parameters: {density: 0.5, weight: 0.5}
  - model: acme/trl-sft
    parameters: {density: 0.5, weight: 0.5}
merge_method: dare_ties
base_model: acme/tiny-llama
dtype: float32
"""
STACKED = """
slices:
  - sources:
      - model: acme/tiny-llama-chat
        layer_range: [0, 2]
  - sources:
      - model: acme/tiny-llama-code
        layer_range: [1, 2]
merge_method: passthrough
dtype: float16
"""
WITH_ADAPTER = """
models:
  - model: acme/tiny-llama+acme/lora
merge_method: passthrough
dtype: float32
"""
EXPERTS = """
base_model: acme/tiny-llama
gate_mode: random
dtype: float32
experts:
  - source_model: acme/tiny-llama-chat
  - source_model: acme/tiny-llama-code
"""
RECIPES = {
    "linear": LINEAR,
    "slerp": SLERP,
    "ties": TIES,
    "dare": DARE,
    "stacked": STACKED,
    "with-adapter": WITH_ADAPTER,
    "arithmetic": TIES.replace("ties", "task_arithmetic"),
    "stock": LINEAR.replace("linear", "model_stock") + "base_model: acme/tiny-llama\n",
}


def merged(name: str, recipe: str) -> Callable[[Path], None]:
    """Makes a folder by a recipe, as `mergekit-yaml` does."""

    def make(folder: Path) -> None:
        from mergekit.scripts.run_yaml import main

        written = Path(f"{name}.yml")
        written.write_text(recipe)
        run(main, str(written), str(folder), "--lora-merge-cache", "merged-adapters")

    return make


def run(command: Any, *words: str) -> None:
    """A command of mergekit, with these words."""
    command.main(list(words), standalone_mode=False)


MAKERS.update({f"merge-{name}": merged(name, recipe) for name, recipe in RECIPES.items()})


@maker
def merge_experts(folder: Path) -> None:
    from mergekit.scripts.moe import main

    Path("experts.yml").write_text(EXPERTS)
    run(main, "experts.yml", str(folder))


@maker
def extracted_lora(folder: Path) -> None:
    from mergekit.scripts.extract_lora import main

    words = {"--model": "acme/trl-sft", "--base-model": "acme/tiny-llama", "--max-rank": "2"}
    run(main, *[text for pair in words.items() for text in pair], "--out-path", str(folder))
