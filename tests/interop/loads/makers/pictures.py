"""Models of pictures and films, and modules of any kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tests.interop.loads.makers.common import binary, maker


def small_unet() -> Any:
    """A denoiser."""
    from diffusers import UNet2DModel

    return UNet2DModel(
        sample_size=8,
        block_out_channels=(4, 4),
        layers_per_block=1,
        norm_num_groups=1,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )


@maker
def diffusion(folder: Path) -> None:
    """A pipeline of two parts."""
    from diffusers import DDPMPipeline, DDPMScheduler

    DDPMPipeline(unet=small_unet(), scheduler=DDPMScheduler()).save_pretrained(folder)


@maker
def diffusion_binary(folder: Path) -> None:
    """The same, its weights a pickle."""
    diffusion(folder)
    binary(folder / "unet", "diffusion_pytorch_model.bin")


@maker
def diffusion_sharded(folder: Path) -> None:
    """The same in shards."""
    from diffusers import DDPMPipeline, DDPMScheduler

    made = DDPMPipeline(unet=small_unet(), scheduler=DDPMScheduler())
    made.save_pretrained(folder, max_shard_size="2KB")


@maker
def unet(folder: Path) -> None:
    """A denoiser alone, below a folder."""
    small_unet().save_pretrained(folder / "unet")


@maker
def unet_sharded(folder: Path) -> None:
    """A denoiser in shards."""
    small_unet().save_pretrained(folder, max_shard_size="2KB")


@maker
def timm(folder: Path) -> None:
    """A model of pictures."""
    from timm import create_model
    from timm.models import save_for_hf

    made = create_model("test_vit", num_classes=2)
    save_for_hf(made, folder, model_args={"num_classes": 2}, safe_serialization=True)


@maker
def timm_binary(folder: Path) -> None:
    """The same as a pickle."""
    timm(folder)
    binary(folder)


CLIP: dict[str, Any] = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 8, "head_width": 8, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
}


@maker
def clip(folder: Path) -> None:
    """A pair of towers."""
    from open_clip import CLIP as Pair
    from safetensors.torch import save_file

    folder.mkdir()
    save_file(Pair(**CLIP).state_dict(), folder / "open_clip_model.safetensors")
    means = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
    config = {"model_cfg": CLIP, "preprocess_cfg": means}
    (folder / "open_clip_config.json").write_text(json.dumps(config))


@maker
def clip_tower(folder: Path) -> None:
    """A pair whose text tower is a model of transformers, named by whoever publishes it."""
    clip(folder)
    config = json.loads((folder / "open_clip_config.json").read_text())
    text = {"hf_proj_type": "linear", "hf_pooler_type": "cls_pooler", "context_length": 8}
    config["model_cfg"]["text_cfg"] = {**text, "hf_model_pretrained": True}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    (folder / "open_clip_model.safetensors").unlink()


@maker
def picture(folder: Path) -> None:
    """What prepares pictures."""
    from transformers import ViTConfig, ViTImageProcessor

    ViTConfig().save_pretrained(folder)
    ViTImageProcessor().save_pretrained(folder)


@maker
def film(folder: Path) -> None:
    """What prepares films."""
    from transformers import LlavaOnevisionVideoProcessor

    LlavaOnevisionVideoProcessor().save_pretrained(folder)


@maker
def mixin(folder: Path) -> None:
    """A module that pushes itself, by huggingface_hub's mixin."""
    from huggingface_hub import PyTorchModelHubMixin

    class Net(torch.nn.Module, PyTorchModelHubMixin):
        def __init__(self, size: int = 2) -> None:
            super().__init__()
            self.line = torch.nn.Linear(size, size)

    Net(size=3).save_pretrained(folder)


@maker
def mixin_binary(folder: Path) -> None:
    """The same as a pickle."""
    mixin(folder)
    binary(folder)
