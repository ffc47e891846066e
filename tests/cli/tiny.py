"""Models of two layers as files: large enough to be told apart by their weights."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

Weights = dict[str, npt.NDArray[np.float32]]

WIDTH, INNER, TOKENS, LAYERS = 96, 256, 768, 2
SHAPES: Mapping[str, tuple[int, int]] = {
    "mlp.down_proj": (WIDTH, INNER),
    "mlp.gate_proj": (INNER, WIDTH),
    "mlp.up_proj": (INNER, WIDTH),
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.v_proj": (WIDTH, WIDTH),
}
EDITED = "model.layers.1.mlp.down_proj.weight"


def base(seed: int) -> Weights:
    """A model of random weights."""
    rng = np.random.default_rng(seed)
    made = {"model.embed_tokens.weight": (TOKENS, WIDTH)}
    for layer in range(LAYERS):
        made |= {f"model.layers.{layer}.{name}.weight": SHAPES[name] for name in SHAPES}
    return {name: rng.normal(0, 0.02, shape).astype(np.float32) for name, shape in made.items()}


def edited(weights: Weights, rank: int = 1, size: float = 0.01) -> Weights:
    """The same, one matrix of which was changed by so much of its norm, at a low rank."""
    rng = np.random.default_rng(99)
    matrix = weights[EDITED]
    change = rng.normal(size=(len(matrix), rank)) @ rng.normal(size=(rank, matrix.shape[1]))
    change *= size * np.linalg.norm(matrix) / np.linalg.norm(change)
    return {**weights, EDITED: (matrix + change).astype(np.float32)}


def mixed(one: Weights, other: Weights, share: float) -> Weights:
    """A merge: so much of one, and the rest of the other."""
    return {name: (share * one[name] + (1 - share) * other[name]) for name in one}


def safetensors(weights: Weights) -> bytes:
    """The file of these tensors, as float32."""
    header, data = {}, b""
    for name, values in weights.items():
        raw = values.astype("<f4").tobytes()
        place = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": place}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def files(weights: Weights) -> dict[str, bytes]:
    """A model that loads."""
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    return {"config.json": json.dumps(config).encode(), "model.safetensors": safetensors(weights)}


def written(folder: Path, weights: Weights) -> Path:
    """The model in a folder of its own."""
    folder.mkdir(parents=True)
    for name, data in files(weights).items():
        (folder / name).write_bytes(data)
    return folder
