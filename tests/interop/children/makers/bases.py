"""Small random models of several families, which the children are made from."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.interop.children.makers.common import VOCABULARY, maker, tokenizer

Options = dict[str, Any]
ENCODER: Options = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 34,
}
DECODER = {**ENCODER, "num_key_value_heads": 1, "head_dim": 8, "pad_token_id": 3}
WIDER = {"hidden_size": 32, "intermediate_size": 48}
PICTURES = {**ENCODER, "image_size": 16, "patch_size": 8}
SOUNDS: Options = {
    "conv_dim": [8, 8],
    "conv_stride": [5, 2],
    "conv_kernel": [10, 3],
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "num_codevectors_per_group": 4,
    "codevector_dim": 8,
    "proj_codevector_dim": 8,
}


def save(folder: Path, family: str, of: str, options: Options, *, words: bool = True) -> None:
    """The folder has a model of this class, and its tokenizer."""
    import transformers

    config = getattr(transformers, f"{family}Config")(**options)
    getattr(transformers, family + of)(config).save_pretrained(folder)
    (folder / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n# {folder.name}\n")
    if words:
        tokenizer().save_pretrained(folder)


@maker
def tiny_llama(folder: Path) -> None:
    save(folder, "Llama", "ForCausalLM", DECODER)


@maker
def tiny_llama_chat(folder: Path) -> None:
    save(folder, "Llama", "ForCausalLM", DECODER)


@maker
def tiny_llama_code(folder: Path) -> None:
    save(folder, "Llama", "ForCausalLM", DECODER)


@maker
def wide_llama(folder: Path) -> None:
    save(folder, "Llama", "ForCausalLM", {**DECODER, **WIDER, "head_dim": 16})


def gpt2(folder: Path, width: int) -> None:
    """The folder has a GPT-2 of this width."""
    size = {"n_embd": width, "n_layer": 2, "n_head": 2, "n_positions": 32}
    save(folder, "GPT2", "LMHeadModel", {**size, "vocab_size": VOCABULARY})


@maker
def tiny_gpt2(folder: Path) -> None:
    gpt2(folder, 16)


@maker
def wide_gpt2(folder: Path) -> None:
    gpt2(folder, 32)


@maker
def tiny_bert(folder: Path) -> None:
    save(folder, "Bert", "ForMaskedLM", ENCODER)


@maker
def tiny_bert_two(folder: Path) -> None:
    save(folder, "Bert", "ForMaskedLM", ENCODER)


@maker
def wide_bert(folder: Path) -> None:
    save(folder, "Bert", "ForMaskedLM", {**ENCODER, **WIDER})


def t5(folder: Path, width: int) -> None:
    """The folder has a T5 of this width."""
    size = {"d_model": width, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2}
    words = {"decoder_start_token_id": 3, "pad_token_id": 3, "vocab_size": VOCABULARY}
    save(folder, "T5", "ForConditionalGeneration", {**size, **words})


@maker
def tiny_t5(folder: Path) -> None:
    t5(folder, 16)


@maker
def wide_t5(folder: Path) -> None:
    t5(folder, 32)


def vit(folder: Path, options: Options) -> None:
    """The folder has a classifier of pictures."""
    from transformers import ViTImageProcessor

    save(folder, "ViT", "ForImageClassification", {**PICTURES, **options}, words=False)
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)


@maker
def tiny_vit(folder: Path) -> None:
    vit(folder, {})


@maker
def wide_vit(folder: Path) -> None:
    vit(folder, WIDER)


@maker
def tiny_wav2vec2(folder: Path) -> None:
    save(folder, "Wav2Vec2", "ForPreTraining", {**ENCODER, **SOUNDS}, words=False)


@maker
def wide_wav2vec2(folder: Path) -> None:
    save(folder, "Wav2Vec2", "ForPreTraining", {**ENCODER, **SOUNDS, **WIDER}, words=False)


@maker
def tiny_embedder(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    with TemporaryDirectory() as inside:
        save(Path(inside), "Bert", "Model", ENCODER)
        SentenceTransformer(modules=[Transformer(inside), Pooling(16)]).save_pretrained(str(folder))


def diffusion(folder: Path, width: int) -> None:
    """The folder has a pipeline from text to pictures, whose parts are this wide."""
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    blocks: Options = {"block_out_channels": (width, width), "norm_num_groups": 2}
    words = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2}
    diffusers.StableDiffusionPipeline(
        unet=diffusers.UNet2DConditionModel(
            sample_size=8,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            cross_attention_dim=4 * width,
            attention_head_dim=2,
            **blocks,
        ),
        vae=diffusers.AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            **blocks,
        ),
        text_encoder=CLIPTextModel(CLIPTextConfig(**{**ENCODER, "hidden_size": 4 * width})),
        tokenizer=CLIPTokenizer(vocab=words, merges=[]),
        scheduler=diffusers.DDPMScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


@maker
def tiny_diffusion(folder: Path) -> None:
    diffusion(folder, 4)


@maker
def wide_diffusion(folder: Path) -> None:
    diffusion(folder, 8)
