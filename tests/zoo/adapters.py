"""Adapters by peft of small models, each alone and merged into its base, all as bfloat16.

`python -m tests.zoo.adapters FOLDER` in an environment with torch for the processor, transformers
and peft. Every folder holds `base`, `adapter` and `merged`; nothing but what is declared changes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peft
import torch
import transformers
from peft import LoraConfig

SMALL = {"vocab_size": 1024, "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4}
WIDE = {**SMALL, "intermediate_size": 512, "num_key_value_heads": 2}
QV = {"r": 4, "target_modules": ["q_proj", "v_proj"]}
CAUSAL = {"target_modules": "all-linear", "task_type": "CAUSAL_LM"}
EXPERTS = {"moe_intermediate_size": 128, "num_experts": 4, "num_experts_per_tok": 2}


def _llama(**more: object) -> Any:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**WIDE, **more))


def _tied() -> Any:
    return _llama(tie_word_embeddings=True)


def _gpt2() -> Any:
    config = transformers.GPT2Config(vocab_size=1024, n_embd=256, n_layer=2, n_head=4)
    return transformers.GPT2LMHeadModel(config)


def _phi() -> Any:
    return transformers.Phi3ForCausalLM(transformers.Phi3Config(**WIDE, pad_token_id=0))


def _bert() -> Any:
    config = transformers.BertConfig(**SMALL, intermediate_size=512)
    return transformers.BertForSequenceClassification(config)


def _experts() -> Any:
    return transformers.Qwen3MoeForCausalLM(transformers.Qwen3MoeConfig(**WIDE, **EXPERTS))


def _lora(**more: object) -> Any:
    return LoraConfig(**{**QV, **more})


MADE: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "lora": (_llama, _lora),
    "dora": (_llama, lambda: _lora(use_dora=True)),
    "all-linear": (_llama, lambda: LoraConfig(r=16, use_rslora=True, **CAUSAL)),
    "ranks": (_llama, lambda: _lora(rank_pattern={"v_proj": 8, r"layers.1.self_attn.q_proj": 2})),
    "layers": (_llama, lambda: _lora(layers_to_transform=[1], layers_pattern="layers")),
    "excluded": (_llama, lambda: _lora(exclude_modules=r".*layers\.0\..*")),
    "head": (_llama, lambda: _lora(target_modules=["q_proj", "lm_head"])),
    "table": (_llama, lambda: _lora(target_modules=["q_proj", "embed_tokens"])),
    "saved": (_llama, lambda: _lora(modules_to_save=["lm_head"])),
    "saved-of-tied": (_tied, lambda: _lora(modules_to_save=["lm_head"])),
    "table-of-tied": (_tied, lambda: _lora(target_modules=["q_proj", "embed_tokens"])),
    "head-of-tied": (_tied, lambda: _lora(target_modules=["q_proj", "lm_head"])),
    "tokens": (_llama, lambda: _lora(trainable_token_indices=[1, 2])),
    "tokens-of-tied": (_tied, lambda: _lora(trainable_token_indices=[1, 2])),
    "ia3": (_llama, lambda: peft.IA3Config(target_modules=["v_proj"], feedforward_modules=[])),
    "loha": (_llama, lambda: peft.LoHaConfig(alpha=4, **QV)),
    "oft": (_llama, lambda: peft.OFTConfig(oft_block_size=8, target_modules=["q_proj"])),
    "vera": (_llama, lambda: peft.VeraConfig(**QV)),
    "adalora": (
        _llama,
        lambda: peft.AdaLoraConfig(init_r=6, target_r=4, total_step=100, target_modules=["q_proj"]),
    ),
    "biases": (_bert, lambda: _lora(target_modules=["query", "value"], bias="lora_only")),
    "fused-inputs-first": (_gpt2, lambda: LoraConfig(r=8, fan_in_fan_out=True, **CAUSAL)),
    "fused": (_phi, lambda: _lora(target_modules=["qkv_proj", "gate_up_proj"])),
    "experts": (
        _experts,
        lambda: _lora(target_modules=["q_proj"], target_parameters=["mlp.experts.gate_up_proj"]),
    ),
}


def main(folder: Path) -> None:
    """Every one of them, its parameters drawn and not learnt."""
    torch.set_num_threads(1)
    for name, (make, configured) in MADE.items():
        torch.manual_seed(0)
        model = make().to(torch.bfloat16)
        model.save_pretrained(folder / name / "base")
        tuned = peft.get_peft_model(model, configured())
        with torch.no_grad():
            for one in tuned.parameters():
                if one.requires_grad:
                    one.add_((torch.randn(one.shape) * 0.02).to(one.dtype))
        tuned.save_pretrained(folder / name / "adapter")
        tuned.merge_and_unload().save_pretrained(folder / name / "merged")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
