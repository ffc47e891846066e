"""Children that diffusers makes, each with the card that its training script writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import maker

BASE = "acme/tiny-diffusion"


def card(folder: Path, words: str, prompt: str | None = None) -> None:
    """A card as the training scripts write one, with these words in it."""
    from diffusers.utils.hub_utils import load_or_create_model_card, populate_model_card

    made = load_or_create_model_card(
        repo_id_or_path=f"acme/{folder.name}",
        from_training=True,
        license="creativeml-openrail-m",
        base_model=BASE,
        prompt=prompt,
        model_description=words.replace("REPO", folder.name),
        inference=True,
    )
    populate_model_card(made, tags=["stable-diffusion", "diffusers"]).save(folder / "README.md")


def pipeline() -> Any:
    """The pipeline of the Hub."""
    from diffusers import StableDiffusionPipeline

    return StableDiffusionPipeline.from_pretrained(BASE)


def denoiser() -> Any:
    """Its denoiser alone."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel.from_pretrained(BASE, subfolder="unet")


def changed(model: Any) -> Any:
    """The model with other weights."""
    import torch

    with torch.no_grad():
        for values in model.parameters():
            values.add_(0.01)
    return model


@maker
def pictures(folder: Path) -> None:
    made = pipeline()
    made.unet = changed(denoiser())
    made.save_pretrained(folder)
    words = f"""
# Text-to-image finetuning - REPO

This pipeline was finetuned from **{BASE}** on the **acme/pictures** dataset. Below are some \
example images generated with the finetuned pipeline using the following prompts: None: \n
"""
    card(folder, words)


@maker
def dreambooth(folder: Path) -> None:
    made = pipeline()
    made.unet = changed(denoiser())
    made.save_pretrained(folder)
    words = f"""
# DreamBooth - REPO

This is a dreambooth model derived from {BASE}. The weights were trained on a photo of sks dog \
using [DreamBooth](https://dreambooth.github.io/).
You can find some example images in the following. \n
"""
    card(folder, words, prompt="a photo of sks dog")


def lora(folder: Path) -> None:
    """The folder has LoRA weights of the denoiser."""
    from diffusers import StableDiffusionPipeline
    from diffusers.training_utils import _collate_lora_metadata
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    unet = denoiser()
    unet.add_adapter(LoraConfig(r=2, target_modules=["to_k", "to_q"]))
    StableDiffusionPipeline.save_lora_weights(
        save_directory=folder,
        unet_lora_layers=get_peft_model_state_dict(unet),
        **_collate_lora_metadata({"unet": unet}),
    )


@maker
def pictures_lora(folder: Path) -> None:
    lora(folder)
    words = f"""
# LoRA text2image fine-tuning - REPO
These are LoRA adaption weights for {BASE}. The weights were fine-tuned on the acme/pictures \
dataset. You can find some example images in the following. \n
"""
    card(folder, words)


@maker
def dreambooth_lora(folder: Path) -> None:
    lora(folder)
    words = f"""
# LoRA DreamBooth - REPO

These are LoRA adaption weights for {BASE}. The weights were trained on a photo of sks dog using \
[DreamBooth](https://dreambooth.github.io/). You can find some example images in the following. \n


LoRA for the text encoder was enabled: False.
"""
    card(folder, words, prompt="a photo of sks dog")


@maker
def controlnet(folder: Path) -> None:
    from diffusers import ControlNetModel

    ControlNetModel.from_unet(
        denoiser(), conditioning_embedding_out_channels=(4, 8)
    ).save_pretrained(folder)
    words = f"""
# controlnet-REPO

These are controlnet weights trained on {BASE} with new type of conditioning.
"""
    card(folder, words)


@maker
def textual_inversion(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    save_file({"<dog>": torch.ones(1, 16)}, folder / "learned_embeds.safetensors", {"format": "pt"})
    words = f"""
# Textual inversion text2image fine-tuning - REPO
These are textual inversion adaption weights for {BASE}. You can find some example images in the \
following. \n
"""
    card(folder, words)


@maker
def pictures_half(folder: Path) -> None:
    pipeline().to("cpu").unet.half().save_pretrained(folder / "unet")
