"""What honest tools make of a tiny model: halves, int8, AWQ, GPTQ, GGUF."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from tests.checks.edited import (
    GROUP,
    HEAD,
    HEADS,
    KEYS,
    LAYERS,
    NORM,
    TABLE,
    Array,
    Floats,
    Tensors,
    half,
)
from tests.formats.test_gguf import STRING, U32, pair, tensor, text
from tests.formats.test_gguf import made as gguf_file
from tests.weights.tiny import file


def halves(model: Tensors) -> bytes:
    """A file of safetensors in half precision; what is no float32 as it is."""
    return file({
        name: one.astype(np.float16) if one.dtype == np.float32 else one
        for name, one in model.items()
    })  # fmt: skip


def int8(model: Tensors) -> bytes:
    """As bitsandbytes keeps 8 bits: a scale for each line of the matrices of layers."""
    found: dict[str, Array] = {}
    for name, values in model.items():
        if ".layers." not in name or values.ndim != 2:
            found[name] = values.astype(np.float16)
            continue
        most = np.abs(values).max(axis=1, keepdims=True)
        found[name] = np.round(values / np.maximum(most, 1e-9) * 127).astype(np.int8)
        found[f"{name.removesuffix('.weight')}.SCB"] = most.reshape(-1).astype(np.float16)
    return file(found)


def packed(numbers: npt.NDArray[np.int64], bits: int = 4) -> Array:
    """Numbers of some bits in words of 32, along the last axis."""
    count = 32 // bits
    parts = numbers.reshape(len(numbers), -1, count).astype(np.uint64)
    shifts = (bits * np.arange(count)).astype(np.uint64)
    return np.asarray((parts << shifts).sum(axis=2).astype(np.uint32).view(np.int32))


def rounded(values: Floats, clip: float = 1.0) -> tuple[Floats, Floats, Floats]:
    """Four bits for each value of some lines of inputs: the numbers, zeros and steps of groups."""
    groups = values.reshape(-1, GROUP, values.shape[1])
    high, low = clip * groups.max(axis=1), clip * groups.min(axis=1)
    step = half(np.maximum(high - low, 1e-5) / 15)
    zero = np.clip(np.round(-low / step), 0, 15)
    whole = np.round(groups / step[:, None]) + zero[:, None]
    return np.clip(whole, 0, 15).reshape(values.shape), zero, step


def awq(model: Tensors, moved: bool = True, clip: float = 0.95) -> bytes:
    """As AutoAWQ does it: scales of inputs go to what stands before, then four bits."""
    scaled = _moved(model) if moved else dict(model)
    found: dict[str, Array] = {}
    for name, values in scaled.items():
        if ".layers." not in name or values.ndim != 2:
            found[name] = values.astype(np.float16) if values.dtype == np.float32 else values
            continue
        whole, zero, step = rounded(np.ascontiguousarray(values.T), clip)
        at, order = name.removesuffix(".weight"), [0, 2, 4, 6, 1, 3, 5, 7]

        def mixed(numbers: Floats, order: list[int] = order) -> Array:
            parts = numbers.astype(np.int64).reshape(len(numbers), -1, 8)[:, :, order]
            return packed(parts.reshape(len(numbers), -1))

        found |= {f"{at}.qweight": mixed(whole), f"{at}.qzeros": mixed(zero)}
        found[f"{at}.scales"] = step.astype(np.float16)
    return file(found)


BEFORE = (
    ("input_layernorm", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
    ("post_attention_layernorm", ("mlp.gate_proj", "mlp.up_proj")),
    ("mlp.up_proj", ("mlp.down_proj",)),
)


def _moved(model: Tensors) -> Tensors:
    found, rng = dict(model), np.random.default_rng(8)
    for layer in range(LAYERS):
        for before, behind in BEFORE:
            names = [f"model.layers.{layer}.{name}.weight" for name in (before, *behind)]
            width = found[names[1]].shape[1]
            scale = half(np.exp(0.5 * rng.standard_normal(width)))
            first = found[names[0]]
            found[names[0]] = first / (scale if first.ndim == 1 else scale[:, None])
            found |= {name: found[name] * scale for name in names[1:]}
    return found


def gptq(model: Tensors) -> bytes:
    """Four bits, packed along the inputs, without moving anything."""
    found: dict[str, Array] = {}
    for name, values in model.items():
        if ".layers." not in name or values.ndim != 2:
            found[name] = values.astype(np.float16) if values.dtype == np.float32 else values
            continue
        whole, zero, step = rounded(np.ascontiguousarray(values.T))
        at = name.removesuffix(".weight")
        found[f"{at}.qweight"] = packed(whole.astype(np.int64).T).T.copy()
        found[f"{at}.qzeros"] = packed((zero.astype(np.int64) - 1) % 16)
        found[f"{at}.scales"] = step.astype(np.float16)
    return file(found)


NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
OUTSIDE = {TABLE: "token_embd.weight", HEAD: "output.weight", NORM: "output_norm.weight"}
F32, F16, Q4_0, Q8_0 = 0, 1, 2, 8


def gguf(model: Tensors, kind: int = Q8_0, architecture: str = "llama") -> bytes:
    """As llama.cpp converts and quantises it: queries and keys in turns, norms in float32."""
    places: list[bytes] = []
    data = b""
    for name, values in model.items():
        own = _converted(name, values, architecture)
        how, some = _blocks(own, kind)
        places.append(tensor(_gguf_name(name).encode(), own.shape[::-1], len(data), how))
        data += some + bytes(-len(some) % 32)
    pairs = (
        pair(b"general.architecture", STRING, text(architecture.encode())),
        *(
            pair(f"{architecture}.{key}".encode(), U32, struct.pack("<I", number))
            for key, number in (("attention.head_count", HEADS), ("attention.head_count_kv", KEYS))
        ),
    )
    return gguf_file(pairs, tuple(places)) + data


def _gguf_name(name: str) -> str:
    if name in OUTSIDE or not name.startswith("model.layers."):
        return OUTSIDE.get(name, name)
    _, _, layer, rest = name.split(".", 3)
    module, _, kind = rest.rpartition(".")
    return f"blk.{layer}.{NAMES.get(module, module)}.{kind}"


def _converted(name: str, values: Floats, architecture: str) -> Floats:
    if architecture.startswith("gemma") and "norm" in name:
        return values + 1
    heads = HEADS if ".q_proj" in name else KEYS if ".k_proj" in name else 0
    if architecture != "llama" or not heads:
        return values
    parts = values.reshape(heads, 2, len(values) // heads // 2, *values.shape[1:])
    return np.ascontiguousarray(parts.swapaxes(1, 2).reshape(values.shape))


def _blocks(values: Floats, kind: int) -> tuple[int, bytes]:
    if values.ndim == 1 or kind == F32:
        return F32, values.astype("<f4").tobytes()
    if kind == F16:
        return F16, values.astype("<f2").tobytes()
    blocks = values.reshape(-1, 32)
    most = np.abs(blocks).max(axis=1, keepdims=True)
    if kind == Q8_0:
        scale = (most / 127).astype(np.float16)
        numbers = np.round(blocks / np.maximum(scale.astype(np.float32), 1e-9)).astype(np.int8)
        both = [scale.view(np.uint8), numbers.view(np.uint8)]
    else:
        at = np.abs(blocks).argmax(axis=1)
        scale = (np.take_along_axis(blocks, at[:, None], 1) / -8).astype(np.float16)
        sound = np.where(scale == 0, 1, scale).astype(np.float32)
        codes = np.clip(np.floor(blocks / sound + 8.5), 0, 15).astype(np.uint8)
        both = [scale.view(np.uint8), codes[:, :16] | codes[:, 16:] << np.uint8(4)]
    return kind, np.concatenate(both, axis=1).tobytes()
