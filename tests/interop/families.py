"""Makes small random models of many families with transformers itself: run in its environment.

usage: python families.py FOLDER   (FOLDER/pairs.json then names child, parent, and honest or not)

Of each family a base, every other class of it, one in bfloat16, one with another vocabulary, one
with fewer layers, and two of another width, which come from nowhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import transformers

Options = dict[str, Any]
ENCODER: Options = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "vocab_size": 64,
    "max_position_embeddings": 66,
}
DECODER = {**ENCODER, "num_key_value_heads": 1, "head_dim": 8}
SMALL = {**ENCODER, "embedding_size": 8}
PICTURES = {**ENCODER, "image_size": 16, "patch_size": 8}
BOTH: Options = {
    "d_model": 16,
    "encoder_layers": 3,
    "decoder_layers": 3,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "vocab_size": 64,
}
EXPERTS = {"num_local_experts": 3, "num_experts": 3, "num_experts_per_tok": 1}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
CAUSAL = ("ForCausalLM", "Model", "ForSequenceClassification")
MASKED = ("ForMaskedLM", "Model", "ForSequenceClassification", "ForTokenClassification")
TRAINED = ("ForPreTraining", *MASKED)
FAMILIES: dict[str, tuple[Options, tuple[str, ...]]] = {
    "Llama": (DECODER, (*CAUSAL, "ForTokenClassification")),
    "Mistral": (DECODER, CAUSAL),
    "Mixtral": ({**DECODER, **EXPERTS}, CAUSAL),
    "Qwen2": (DECODER, CAUSAL),
    "Qwen2Moe": (
        {
            **DECODER,
            **EXPERTS,
            "moe_intermediate_size": 8,
            "shared_expert_intermediate_size": 8,
        },
        CAUSAL[:2],
    ),
    "Gemma": (DECODER, CAUSAL),
    "Phi": (DECODER, CAUSAL),
    "GPT2": (
        {"n_embd": 16, "n_layer": 3, "n_head": 2, "n_positions": 64, "vocab_size": 64},
        ("LMHeadModel", *CAUSAL[1:]),
    ),
    "GPTNeoX": (DECODER, CAUSAL),
    "Bloom": ({"hidden_size": 16, "n_layer": 3, "n_head": 2, "vocab_size": 64}, CAUSAL),
    "Bert": (ENCODER, (*TRAINED, "ForQuestionAnswering")),
    "Roberta": (ENCODER, MASKED),
    "DistilBert": (
        {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 24, "vocab_size": 64},
        MASKED,
    ),
    "Albert": (SMALL, TRAINED),
    "Electra": (SMALL, TRAINED),
    "DebertaV2": (
        {**ENCODER, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
        MASKED,
    ),
    "T5": (
        {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 3, "num_heads": 2, "vocab_size": 64},
        ("ForConditionalGeneration", "Model", "EncoderModel"),
    ),
    "Bart": (BOTH, ("ForConditionalGeneration", *CAUSAL)),
    "Wav2Vec2": (
        {
            **ENCODER,
            "conv_dim": [8, 8],
            "conv_stride": [5, 2],
            "conv_kernel": [10, 3],
            "num_conv_pos_embeddings": 4,
            "num_conv_pos_embedding_groups": 2,
            "num_codevectors_per_group": 4,
            "codevector_dim": 8,
            "proj_codevector_dim": 8,
        },
        ("ForPreTraining", "ForCTC", *CAUSAL[1:]),
    ),
    "Whisper": (
        {**BOTH, **SPECIAL, "num_mel_bins": 8, "max_source_positions": 32},
        ("ForConditionalGeneration", "Model", "ForAudioClassification"),
    ),
    "ViT": (PICTURES, ("ForMaskedImageModeling", "Model", "ForImageClassification")),
    "CLIP": (
        {"projection_dim": 8, "text_config": ENCODER, "vision_config": PICTURES},
        ("Model", "VisionModel", "TextModelWithProjection"),
    ),
    "Llava": (
        {
            "text_config": {**DECODER, "model_type": "llama"},
            "vision_config": {**PICTURES, "model_type": "clip_vision_model"},
            "image_token_index": 1,
        },
        ("ForConditionalGeneration", "Model"),
    ),
}
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers")
FEWER = dict.fromkeys((*LAYERS, "decoder_layers"), 2)
FFN = ("encoder_ffn_dim", "decoder_ffn_dim")
WIDER = dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", *FFN), 32)
NO_TOKENS = ("ViT", "Wav2Vec2", "CLIP")
Change = Callable[[Any], Any]


def replaced(options: Options, values: Options) -> Options:
    """The options with other values wherever they occur."""
    return {
        name: replaced(value, values) if isinstance(value, dict) else values.get(name, value)
        for name, value in options.items()
    }


def save(folder: Path, family: str, of: str, options: Options, change: Change | None = None) -> str:
    """The folder's name, in which the library has saved a model of this class."""
    config = getattr(transformers, f"{family}Config")(**options)
    part = {"VisionModel": "vision_config", "TextModelWithProjection": "text_config"}.get(of)
    model = getattr(transformers, family + of)(getattr(config, part) if part else config)
    if change:
        change(model)
    model.save_pretrained(folder)
    return folder.name


def made(folder: Path, family: str) -> Iterator[tuple[str, str, bool]]:
    """Child, parent, and whether the one can come from the other."""
    options, classes = FAMILIES[family]
    base, *others = [save(folder / of, family, of, options) for of in classes]
    for other in others:
        yield other, base, True
        yield base, other, True
    first, second = classes[:2]
    half = save(folder / "half", family, first, options, lambda m: m.to(torch.bfloat16))
    yield half, base, True
    if family not in NO_TOKENS:
        grown = save(
            folder / "grown", family, first, options, lambda m: m.resize_token_embeddings(72)
        )
        yield grown, base, True
    yield save(folder / "fewer", family, first, replaced(options, FEWER)), base, True
    for of in (first, second):
        yield save(folder / f"wider-{of}", family, of, replaced(options, WIDER)), base, False


def main(folder: Path) -> None:
    """All families."""
    torch.manual_seed(0)
    pairs = [
        (f"{family}/{child}", f"{family}/{parent}", honest)
        for family in FAMILIES
        for child, parent, honest in made(folder / family, family)
    ]
    (folder / "pairs.json").write_text(json.dumps(pairs))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
