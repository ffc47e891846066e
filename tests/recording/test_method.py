"""How a command makes a model, as its own words and its recipes tell."""

from __future__ import annotations

import shlex

import pytest

from provenance.recording.watched.method import proposed
from provenance.wire.training import Method

LINES = {
    "accelerate launch train.py": None,
    "python train.py --output_dir out": None,
    "cp a.gguf b.gguf": None,
    "sh -c 'cp a b'": None,
    "trl sft --model_name_or_path x": Method.SFT,
    "trl dpo --config c.yaml": Method.DPO,
    "trl grpo": Method.GRPO,
    "trl kto": Method.KTO,
    "trl rloo": Method.RLOO,
    "trl reward": Method.REWARD,
    "accelerate launch --num_processes 2 -m trl.cli dpo": Method.DPO,
    "accelerate launch examples/scripts/dpo.py": Method.DPO,
    "torchrun --nproc 8 train_grpo.py": Method.GRPO,
    "python -m scripts.train": None,
    "python distillation.py": Method.DISTILL,
    "python lora_sft.py": Method.SFT,
    "python finetune.py": Method.FINETUNE,
    "python pretraining.py": Method.PRETRAIN,
    "axolotl train cfg.yml": Method.SFT,
    "axolotl merge-lora cfg.yml": Method.MERGE,
    "axolotl quantize cfg.yml": Method.QUANTIZE,
    "tune run lora_finetune_single_device --config llama3_2/1B_lora": Method.LORA,
    "tune run --nproc_per_node 2 lora_dpo_distributed --config x": Method.DPO,
    "tune run knowledge_distillation_single_device": Method.DISTILL,
    "tune run ppo_full_finetune_single_device": Method.PPO,
    "tune run qat_distributed": Method.QUANTIZE,
    "llamafactory-cli train --stage dpo": Method.DPO,
    "llamafactory-cli train --stage rm": Method.REWARD,
    "llamafactory-cli export x.yaml": Method.MERGE,
    "swift sft --model x": Method.SFT,
    "swift rlhf --rlhf_type=kto": Method.KTO,
    "swift rlhf --rlhf_type gkd": Method.DISTILL,
    "mergekit-yaml recipe.yml out": Method.MERGE,
    "mergekit-moe recipe.yml out": Method.MERGE,
    "python -m mergekit.scripts.run_yaml recipe.yml out": Method.MERGE,
    "llama-quantize in.gguf out.gguf Q4_K_M": Method.QUANTIZE,
    "/opt/llama.cpp/build/bin/llama-quantize in.gguf out.gguf Q8_0": Method.QUANTIZE,
    "python llama.cpp/convert_hf_to_gguf.py base": Method.CONVERT,
    "mlx_lm.convert --hf-path x": Method.CONVERT,
    "mlx_lm.convert --hf-path x -q": Method.QUANTIZE,
    "litgpt finetune_lora x": Method.FINETUNE,
    "litgpt pretrain x": Method.PRETRAIN,
    "optimum-cli export onnx x": Method.CONVERT,
}


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_tells_a_method(line: str) -> None:
    assert proposed(shlex.split(line), {}) == LINES[line]


RECIPES = {
    "axolotl with rl": (b"base_model: a/b\nrl: dpo\ndatasets: []\n", Method.DPO),
    "axolotl with kto": (b"base_model: a/b\nrl: kto\ndatasets: []\n", Method.KTO),
    "axolotl with grpo": (b"base_model: a/b\nrl: grpo\ndatasets: []\n", Method.GRPO),
    "axolotl without": (b"base_model: a/b\ndatasets: []\n", Method.SFT),
    "a merge": (b"merge_method: linear\nmodels:\n- model: a/b\n- model: a/c\n", Method.MERGE),
    "no YAML": (b"\xff{", Method.SFT),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_tells_more_than_the_line(name: str) -> None:
    data, method = RECIPES[name]
    assert proposed(["axolotl", "train", "x.yml"], {"/w/x.yml": data}) == method
