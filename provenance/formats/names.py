"""What a file's name promises, whatever its content is. Matching is case-insensitive throughout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import translate

from provenance.model import Kind


def words(text: str) -> frozenset[str]:
    """The words of a text, which spaces divide."""
    return frozenset(text.split())


WEIGHT_KINDS: Mapping[str, frozenset[Kind]] = {
    ".safetensors": frozenset({Kind.SAFETENSORS}),
    ".gguf": frozenset({Kind.GGUF}),
    ".npy": frozenset({Kind.NPY}),
    ".onnx": frozenset({Kind.ONNX}),
    ".onnx_data": frozenset(),
    ".bin": frozenset({Kind.SAFETENSORS, Kind.GGUF, Kind.ONNX}),
    ".pt": frozenset({Kind.SAFETENSORS}),
    ".pth": frozenset({Kind.SAFETENSORS}),
    ".pt2": frozenset(),
    ".ckpt": frozenset({Kind.SAFETENSORS}),
    ".ggml": frozenset(),
    ".llamafile": frozenset(),
    ".h5": frozenset(),
    ".hdf5": frozenset(),
    ".keras": frozenset(),
    ".npz": frozenset(),
    ".pkl": frozenset(),
    ".pickle": frozenset(),
    ".joblib": frozenset(),
    ".dill": frozenset(),
    ".skops": frozenset(),
    ".msgpack": frozenset(),
    ".pb": frozenset(),
    ".tflite": frozenset(),
    ".ot": frozenset(),
    ".mar": frozenset(),
    ".nemo": frozenset(),
    ".mlmodel": frozenset(),
    ".engine": frozenset(),
    ".pdparams": frozenset(),
    ".pdiparams": frozenset(),
    ".params": frozenset(),
    ".caffemodel": frozenset(),
    ".t7": frozenset(),
}
"""The suffixes weights go by, and the allow-listed kinds that content under each may be."""

WEIGHT_SUFFIXES = frozenset(WEIGHT_KINDS)

BOOKKEEPING = ".cache/huggingface/"
"""Where a download keeps notes of its own below `--local-dir`: no part of the model."""

BY_PRODUCTS = (
    "training_args.bin",
    "optimizer.pt",
    "optimizer.bin",
    "scheduler.pt",
    "scheduler.bin",
    "scaler.pt",
    "rng_state*.pth",
    "random_states_*.pkl",
)
"""Names of the pickles a trainer leaves behind and no loader of the model opens."""

BY_PRODUCT = re.compile("|".join(map(translate, BY_PRODUCTS)))
OPENED = re.compile(
    r"(.*config.*|.*index|modules|chat_template|tokenizer.*)\.json|.*\.(jinja2?|j2|model)"
    r"|(readme|model[_-]?card)\.md"
)
"""Names that a loader, or whoever looks for parents, opens before all others."""

ADAPTERS = (
    "adapter_model*",
    "pytorch_adapter*",
    "pytorch_model_head*",
    "pytorch_lora_weights*",
    "learned_embeds*",
)
"""Names of weights that a loader puts upon those of a model, and does not take instead of them:
PEFT's, those of AdapterHub, LoRA and textual inversion of diffusers."""
ADAPTER = re.compile("|".join(map(translate, ADAPTERS)))
REQUIREMENTS = re.compile(r"(.*[-_.])?requirements([-_.].*)?\.txt")

INDEX = re.compile(r".+\.index(\.[\w-]+)?\.json")


def name_of(path: str) -> str:
    """The last component of a POSIX path, case folded away."""
    return path.rpartition("/")[2].lower()


def folder_of(path: str) -> str:
    """What stands before the last component, `/` included; empty at the top."""
    return path[: path.rfind("/") + 1]


def suffix_of(path: str) -> str:
    """The suffix in lower case, dot included; that of `pytorch_model.bin.1` is `.bin`."""
    name = name_of(path)
    suffix = _suffix(name)
    return _suffix(name[: -len(suffix)]) if suffix[1:].isdecimal() else suffix


def standing(path: str) -> tuple[bool, int, str]:
    """What sorts files by how soon they are read where not all can be: those that loaders open
    first, and of these, and of all others, those nearer to the top."""
    opened = is_weight_name(path) or OPENED.fullmatch(name_of(path)) is not None
    return not opened, path.count("/"), path


def _suffix(name: str) -> str:
    """The suffix as pathlib has it: a leading or trailing dot begins none."""
    dot = name.rfind(".")
    return name[dot:] if 0 < dot < len(name) - 1 else ""


def is_weight_name(path: str) -> bool:
    """Whether a loader would take the file for weights by its name."""
    return suffix_of(path) in WEIGHT_SUFFIXES


def kinds_named(path: str) -> frozenset[Kind]:
    """The allow-listed kinds that content under this name may be; none if it names no weights."""
    return WEIGHT_KINDS.get(suffix_of(path), frozenset())


def is_safetensors_index(path: str) -> bool:
    """Whether the name is that of an index from tensors to shards, of a variant too.

    `pytorch_model.bin.index.json` is one as well: its form is the same, and it names its shards.
    """
    return INDEX.fullmatch(name_of(path)) is not None


def is_adapter_name(path: str) -> bool:
    """Whether the name is that of weights that go upon a model's: no copy of them."""
    return is_weight_name(path) and ADAPTER.fullmatch(name_of(path)) is not None


def is_by_product(path: str) -> bool:
    """Whether the name is that of a pickle a trainer leaves behind."""
    return BY_PRODUCT.fullmatch(name_of(path)) is not None


def is_requirements(path: str) -> bool:
    """Whether the name is that of a list of Python packages to install."""
    return REQUIREMENTS.fullmatch(name_of(path)) is not None
