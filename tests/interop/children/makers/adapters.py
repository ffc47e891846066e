"""Children that peft makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import maker

TASK = {"task_type": "CAUSAL_LM"}
LORA: dict[str, Any] = {**TASK, "r": 2, "target_modules": ["q_proj", "v_proj"]}


def adapted(config: Any, repo: str = "acme/tiny-llama") -> Any:
    """A model of the Hub with an adapter."""
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    return get_peft_model(AutoModelForCausalLM.from_pretrained(repo), config)


@maker
def lora(folder: Path) -> None:
    from peft import LoraConfig

    adapted(LoraConfig(**LORA)).save_pretrained(folder)


@maker
def dora(folder: Path) -> None:
    from peft import LoraConfig

    adapted(LoraConfig(**LORA, use_dora=True)).save_pretrained(folder)


@maker
def lora_merged(folder: Path) -> None:
    from peft import LoraConfig

    adapted(LoraConfig(**LORA)).merge_and_unload().save_pretrained(folder)
