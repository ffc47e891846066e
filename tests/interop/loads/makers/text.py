"""Models of text, their tokenizers and their adapters."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from tests.interop.loads.makers.common import WORDS, binary, maker, tokenizer


def small_llama() -> Any:
    """A model of text with two layers."""
    from transformers import LlamaConfig, LlamaForCausalLM

    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 2}
    return LlamaForCausalLM(
        LlamaConfig(**size, num_attention_heads=1, num_key_value_heads=1, vocab_size=16)
    )


@maker
def llama(folder: Path) -> None:
    """Text, with a chat template."""
    small_llama().save_pretrained(folder)
    tokenizer(folder, chat_template="{{ messages[0]['content'] }}")


@maker
def llama_sharded(folder: Path) -> None:
    """The same in shards."""
    small_llama().save_pretrained(folder, max_shard_size="1KB")
    tokenizer(folder)


@maker
def llama_binary(folder: Path) -> None:
    """The same as a pickle."""
    small_llama().save_pretrained(folder)
    binary(folder)


@maker
def llama_binary_sharded(folder: Path) -> None:
    """The same as pickles with an index."""
    from safetensors.torch import load_file

    small_llama().save_pretrained(folder, max_shard_size="1KB")
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    names = {
        old: old.replace("model-", "pytorch_model-").replace("safetensors", "bin")
        for old in set(index["weight_map"].values())
    }
    for old, new in names.items():
        torch.save(load_file(folder / old), folder / new)
        (folder / old).unlink()
    index["weight_map"] = {key: names[old] for key, old in index["weight_map"].items()}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors.index.json").unlink()


@maker
def llama_variant(folder: Path) -> None:
    """The same with a variant's name in that of the weights."""
    small_llama().save_pretrained(folder, variant="fp16")


@maker
def tokens(folder: Path) -> None:
    """A tokenizer alone."""
    tokenizer(folder)


@maker
def gguf(folder: Path) -> None:
    """The same as one GGUF, the tokenizer in it."""
    from gguf import GGUFWriter

    folder.mkdir()
    file = GGUFWriter(folder / "m.gguf", "llama")
    for name, value in (
        ("context_length", 32),
        ("embedding_length", 8),
        ("block_count", 1),
        ("feed_forward_length", 8),
        ("head_count", 1),
        ("vocab_size", len(WORDS)),
    ):
        getattr(file, f"add_{name}")(value)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_rope_dimension_count(8)
    file.add_tokenizer_model("llama")
    file.add_token_list(WORDS)
    file.add_token_scores([0.0] * len(WORDS))
    file.add_token_types([1] * len(WORDS))
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_unk_token_id(0)
    file.add_chat_template("{{ messages[0]['content'] }}")
    square, vocabulary = torch.zeros(8, 8).numpy(), torch.zeros(len(WORDS), 8).numpy()
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        file.add_tensor(f"blk.0.{name}.weight", square)
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        file.add_tensor(f"{name}.weight", torch.ones(8).numpy())
    file.add_tensor("token_embd.weight", vocabulary)
    file.add_tensor("output.weight", vocabulary)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


@maker
def lora(folder: Path) -> None:
    """An adapter; the base is named by whoever publishes it."""
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(r=1, target_modules=["q_proj"], task_type="CAUSAL_LM")
    get_peft_model(small_llama(), settings).save_pretrained(folder)


@maker
def lora_binary(folder: Path) -> None:
    """An adapter as a pickle."""
    lora(folder)
    binary(folder, "adapter_model.bin")


@maker
def xlora(folder: Path) -> None:
    """An X-LoRA classifier over two adapters."""
    from peft import XLoraConfig, get_peft_model

    with tempfile.TemporaryDirectory() as inside:
        lora(Path(inside) / "one")
        base = small_llama()
        base.config.use_cache = False
        settings = XLoraConfig(
            task_type="CAUSAL_LM",
            hidden_size=8,
            xlora_depth=1,
            adapters={"0": str(Path(inside) / "one")},
        )
        get_peft_model(base, settings).save_pretrained(folder)
