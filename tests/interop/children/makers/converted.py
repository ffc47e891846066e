"""Children that quantisers, mlx-lm and gguf make: the parent's weights in another form."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import maker

BASE, TUNED = "acme/tiny-llama", "acme/llama-tuned"


def loaded(repo: str = BASE, **options: Any) -> Any:
    """A Llama of the Hub."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(repo, **options)


def card(folder: Path, text: str, **data: Any) -> None:
    """A card by huggingface_hub, with the text that its user wrote."""
    from huggingface_hub import ModelCard, ModelCardData

    made = ModelCard(f"---\n{ModelCardData(**data).to_yaml()}\n---\n\n{text}")
    made.save(folder / "README.md")


@maker
def quantised_torchao(folder: Path) -> None:
    from torchao.quantization import Int8WeightOnlyConfig
    from transformers import TorchAoConfig

    settings = TorchAoConfig(Int8WeightOnlyConfig())
    loaded(quantization_config=settings).save_pretrained(folder)
    card(folder, "# In 8 bits", base_model=BASE, base_model_relation="quantized")


@maker
def quantised_bnb_8(folder: Path) -> None:
    from transformers import BitsAndBytesConfig

    settings = BitsAndBytesConfig(load_in_8bit=True)
    loaded(quantization_config=settings, device_map="cpu").save_pretrained(folder)
    card(folder, "# In 8 bits", base_model=BASE, base_model_relation="quantized")


@maker
def quantised_bnb_4(folder: Path) -> None:
    from transformers import BitsAndBytesConfig

    settings = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    loaded(TUNED, quantization_config=settings, device_map="cpu").save_pretrained(folder)
    card(folder, "# In 4 bits", base_model=TUNED, tags=["bitsandbytes"])


@maker
def quantised_compressed(folder: Path) -> None:
    from compressed_tensors.compressors import ModelCompressor
    from compressed_tensors.quantization import (
        QuantizationConfig,
        QuantizationStatus,
        apply_quantization_config,
        preset_name_to_scheme,
    )

    model = loaded()
    settings = QuantizationConfig(
        config_groups={"group_0": preset_name_to_scheme("W8A8", ["Linear"])},
        ignore=["lm_head"],
        quantization_status=QuantizationStatus.FROZEN,
    )
    apply_quantization_config(model, settings)
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    model.save_pretrained(folder)
    compressor.update_config(str(folder))
    card(folder, "# W8A8", base_model=[BASE], base_model_relation="quantized")


@maker
def mlx_lora(folder: Path) -> None:
    from mlx_lm.lora import CONFIG_DEFAULTS, run

    data = Path("rows")
    data.mkdir()
    for name in ("train", "valid"):
        rows = [json.dumps({"text": "a b c d"})] * 2
        (data / f"{name}.jsonl").write_text("\n".join(rows))
    own = {"model": BASE, "train": True, "data": str(data), "iters": 1, "batch_size": 1}
    run(Namespace(**{**CONFIG_DEFAULTS, **own, "adapter_path": str(folder), "num_layers": 1}))


@maker
def mlx_model(folder: Path) -> None:
    from mlx_lm import convert

    convert(TUNED, str(folder))


@maker
def mlx_4bit(folder: Path) -> None:
    from mlx_lm import convert

    convert("acme/wide-llama", str(folder), quantize=True, q_bits=4, q_group_size=32)


@maker
def gguf_model(folder: Path) -> None:
    import gguf
    from huggingface_hub import snapshot_download
    from safetensors.torch import load_file

    downloaded = Path(snapshot_download(TUNED, local_dir="downloads/llama-tuned"))
    tensors = load_file(downloaded / "model.safetensors")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, 2)
    folder.mkdir()
    writer = gguf.GGUFWriter(folder / "llama-tuned-f32.gguf", "llama")
    size = sum(tensor.numel() for tensor in tensors.values())
    gguf.Metadata.load(None, downloaded, None, size).set_gguf_meta_model(writer)
    for name, tensor in tensors.items():
        known = names.get_name(name, try_suffixes=(".weight",))
        writer.add_tensor(known or name, tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
