"""What makes a tiny model by the libraries themselves; runs in their environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

WORDS = ["<unk>", "<s>", "</s>", "<pad>", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "e"]


MAKERS: dict[str, Callable[[Path], None]] = {}


def maker(make: Callable[[Path], None]) -> Callable[[Path], None]:
    """The function makes the folder that is called as it is."""
    MAKERS[make.__name__] = make
    return make


def tokenizer(folder: Path, **words: Any) -> Any:
    """A tokenizer of a dozen words, in one file."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    names = {word: number for number, word in enumerate(WORDS)}
    made = Tokenizer(models.WordLevel(names, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=made, **{**special, **words})
    fast.save_pretrained(folder)
    return fast


def binary(folder: Path, name: str = "pytorch_model.bin") -> None:
    """The weights of a folder are a pickle and no longer safetensors."""
    from safetensors.torch import load_file

    (weights,) = folder.glob("*.safetensors")
    torch.save(load_file(weights), folder / name)
    weights.unlink()
