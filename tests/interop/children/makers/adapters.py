"""Children that peft makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import LORA, maker, tokens, trained

FORWARD: dict[str, Any] = {"task_type": "CAUSAL_LM", "target_modules": ["down_proj"]}
PROMPT: dict[str, Any] = {"task_type": "CAUSAL_LM", "num_virtual_tokens": 2}


def adapted(
    of: str, options: dict[str, Any], repo: str = "acme/tiny-llama", kind: str = "ForCausalLM"
) -> Any:
    """A model of the Hub with a new adapter of this kind."""
    import peft
    import transformers

    base = getattr(transformers, f"AutoModel{kind}").from_pretrained(repo)
    return peft.get_peft_model(base, getattr(peft, f"{of}Config")(**options))


@maker
def lora(folder: Path) -> None:
    adapted("Lora", LORA).save_pretrained(folder)


@maker
def lora_trained(folder: Path) -> None:
    trained(folder, adapted("Lora", LORA), tokens([7, 8, 9, 10]))


@maker
def lora_with_embeddings(folder: Path) -> None:
    options = {**LORA, "modules_to_save": ["embed_tokens", "lm_head"]}
    adapted("Lora", options).save_pretrained(folder)


@maker
def lora_classifier(folder: Path) -> None:
    options = {"task_type": "SEQ_CLS", "r": 2}
    model = adapted("Lora", options, "acme/tiny-bert", "ForSequenceClassification")
    trained(folder, model, tokens(1))


@maker
def dora(folder: Path) -> None:
    adapted("Lora", {**LORA, "use_dora": True}).save_pretrained(folder)


@maker
def adalora(folder: Path) -> None:
    adapted("AdaLora", {**LORA, "total_step": 4, "tinit": 1, "tfinal": 1}).save_pretrained(folder)


@maker
def ia3(folder: Path) -> None:
    adapted("IA3", {**FORWARD, "feedforward_modules": ["down_proj"]}).save_pretrained(folder)


@maker
def lokr(folder: Path) -> None:
    adapted("LoKr", {**FORWARD, "r": 2}).save_pretrained(folder)


@maker
def vera(folder: Path) -> None:
    adapted("Vera", {**LORA, "target_modules": ["q_proj"]}).save_pretrained(folder)


@maker
def prompt_tuning(folder: Path) -> None:
    adapted("PromptTuning", PROMPT).save_pretrained(folder)


@maker
def prefix_tuning(folder: Path) -> None:
    adapted("PrefixTuning", PROMPT).save_pretrained(folder)


@maker
def two_adapters(folder: Path) -> None:
    from peft import LoraConfig

    model = adapted("Lora", LORA)
    model.add_adapter("second", LoraConfig(**LORA))
    model.save_pretrained(folder)


@maker
def lora_merged(folder: Path) -> None:
    adapted("Lora", LORA).merge_and_unload().save_pretrained(folder)


@maker
def lora_of_a_child(folder: Path) -> None:
    adapted("Lora", LORA, "acme/llama-tuned").save_pretrained(folder)
