"""A tiny model, what honest tools make of it, and one edit of that: before the check of weights."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from provenance.case.case import Case
from provenance.checks.weights import check
from provenance.model import Document, Evidence, Facts, WeightFacts
from provenance.trust import Root
from provenance.verdict import Finding
from provenance.weights.changes.change import dumps as told
from provenance.weights.changes.mapping import change_map
from provenance.weights.coordinates import Coordinates
from provenance.weights.digesting import entries
from provenance.weights.fingerprint import dumps, made
from provenance.weights.ledger import EVERYTHING, Known, Ledger
from provenance.weights.matrix import matrices
from provenance.weights.stored import Stored, stored_in
from tests.checks.weighed import PUBLIC, Hand, ancestor, case
from tests.claims.models import evidence
from tests.formats.test_gguf import STRING, U32, pair, tensor, text
from tests.formats.test_gguf import made as gguf_file
from tests.hubs import card
from tests.weights.tiny import file

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Tensors = dict[str, Floats]
WIDTH, HIDDEN, VOCABULARY, HEADS, KEYS, LAYERS, GROUP = 256, 512, 1024, 4, 2, 2, 64
SHAPES = {
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.k_proj": (KEYS * WIDTH // HEADS, WIDTH),
    "self_attn.v_proj": (KEYS * WIDTH // HEADS, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.gate_proj": (HIDDEN, WIDTH),
    "mlp.up_proj": (HIDDEN, WIDTH),
    "mlp.down_proj": (WIDTH, HIDDEN),
}
TABLE, HEAD, NORM = "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"
FIRST = "model.layers.0."
Q, K, DOWN = (f"{FIRST}{name}.weight" for name in ("self_attn.q_proj", "self_attn.k_proj",
              "mlp.down_proj"))  # fmt: skip
INPUT = f"{FIRST}input_layernorm.weight"
PAIR = Coordinates(name="pair:0123456789abcdef", key=b"of both manifests")
RNG = np.random.default_rng(11)


def base() -> Tensors:
    """A Llama of two layers, its values of heavy tails and those that half precision has."""
    rng = np.random.default_rng(5)
    found: Tensors = {
        TABLE: _drawn(rng, (VOCABULARY, WIDTH)),
        HEAD: _drawn(rng, (VOCABULARY, WIDTH)),
    }
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        found |= {f"{at}{name}.weight": _drawn(rng, shape) for name, shape in SHAPES.items()}
        for name in ("input_layernorm", "post_attention_layernorm"):
            found[f"{at}{name}.weight"] = _half(1 + 0.1 * rng.standard_normal(WIDTH))
    return found | {NORM: _half(1 + 0.1 * rng.standard_normal(WIDTH))}


def _drawn(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    columns = np.exp(0.3 * rng.standard_normal(shape[1]))
    return _half(0.02 * rng.standard_t(6, shape) * columns)


def _half(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, np.float16).astype(np.float32)


def low_rank(values: Floats, rank: int, size: float, seed: int = 3) -> Floats:
    """The values with a product of factors of that norm relative to theirs added."""
    rng = np.random.default_rng(seed)
    rows, columns = values.shape
    change = rng.standard_normal((rows, rank)) @ rng.standard_normal((rank, columns))
    size *= float(np.linalg.norm(values) / np.linalg.norm(change))
    return (values + size * change).astype(np.float32)


def adapted(model: Tensors, *modules: str, rank: int = 4, size: float = 0.05) -> Tensors:
    """The model with factors of that rank merged into these modules of every layer."""
    ends = tuple(f"{module}.weight" for module in modules)
    return {
        name: low_rank(values, rank, size, n) if name.endswith(ends) else values
        for n, (name, values) in enumerate(model.items())
    }


Edit = Callable[[Tensors], Tensors]


def edit(name: str, size: float = 0.05, rank: int = 1) -> Edit:
    """Factors of rank 1 added to one matrix, or noise of that size to one vector."""

    def made(model: Tensors) -> Tensors:
        old = model[name]
        if old.ndim == 2:
            return model | {name: low_rank(old, rank, size)}
        noise = np.random.default_rng(4).standard_normal(old.shape).astype(np.float32)
        return model | {name: old + size * np.abs(old).mean() * noise}

    return made


def extra(name: str, values: npt.ArrayLike) -> Edit:
    """One more tensor."""
    return lambda model: model | {name: np.asarray(values)}


def one_more_layer(model: Tensors) -> Tensors:
    """The last layer a second time, changed."""
    last, more = f"model.layers.{LAYERS - 1}.", f"model.layers.{LAYERS}."
    copies = {n.replace(last, more): v for n, v in model.items() if n.startswith(last)}
    return model | {name: 0.9 * values for name, values in copies.items()}


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
    step = _half(np.maximum(high - low, 1e-5) / 15)
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
            scale = _half(np.exp(0.5 * rng.standard_normal(width)))
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


class Memory:
    """A reader of files that are here."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def read(self, path: str, begin: int, end: int) -> bytes:
        return self.files[path][begin:end]


def _tensors(files: Mapping[str, bytes]) -> tuple[tuple[Stored, ...], Memory]:
    return stored_in(evidence(files)), Memory(files)


def _print(files: Mapping[str, bytes], way: Coordinates, ledger: Ledger) -> bytes:
    stored, reader = _tensors(files)
    manifest = evidence(files).manifest.digest
    return dumps(made(matrices(stored), reader, way, ledger, "base/b", "c" * 40, manifest))


@dataclass(frozen=True, kw_only=True)
class Registered(Hand):
    """A base of which the registry has the fingerprint."""

    files: Mapping[str, bytes]

    @cached_property
    def data(self) -> bytes:
        """The fingerprint with all tensors."""
        return _print(self.files, PUBLIC, self.ledger)

    @cached_property
    def ledger(self) -> Ledger:
        """Every tensor of it."""
        return Ledger(entries=tuple(entries(*_tensors(self.files), EVERYTHING)))

    @property
    def digest(self) -> str:
        """Of the fingerprint."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    @property
    def root(self) -> Root:
        """What the registry has of it."""
        manifest = f"sha256:{evidence(self.files).manifest.digest.removeprefix('sha256:')}"
        return Root(repo="base/b", repo_id=None, manifest=manifest, fingerprint=self.digest)


def findings(
    parent: Registered, child: Mapping[str, bytes], *, relation: str = "", here: bool = True
) -> list[Finding]:
    """What the check says of the files of a child of base/b: with the parent's weights here, or
    with its fingerprint alone."""
    front = "base_model: base/b" + f"\nbase_model_relation: {relation}" * bool(relation)
    files = {"README.md": card(front), **child}
    given = replace(evidence(files), facts=Facts(id="acme/m", repo_id="6" * 24))
    return list(check.check(_here(given, parent, files) if here else _far(given, parent, files)))


def _here(given: Evidence, parent: Registered, files: Mapping[str, bytes]) -> Case:
    theirs, base_reader = _tensors(parent.files)
    ours, reader = _tensors(files)
    found = change_map(theirs, ours, base_reader, reader, named="base/b")
    own = Document(path=PAIR.name, data=_print(files, PAIR, Ledger()))
    weights = WeightFacts(
        tensors=tuple(entries(ours, reader, Known(openings=parent.ledger.openings))),
        own=(own,),
        changes=(Document(path="base/b", data=told(found)),),
    )
    theirs_too = Document(path=PAIR.name, data=_print(parent.files, PAIR, Ledger()))
    known = ancestor("base/b", own=(theirs_too,))
    return case(replace(given, ancestors=(known,), weights=weights), [])


def _far(given: Evidence, parent: Registered, files: Mapping[str, bytes]) -> Case:
    ours = tuple(entries(*_tensors(files), Known(openings=parent.ledger.openings)))
    weights = WeightFacts(
        tensors=ours,
        own=(Document(path=PUBLIC.name, data=_print(files, PUBLIC, Ledger(entries=ours))),),
        bases=(Document(path=f"base/b@{PUBLIC.name}", data=parent.data),),
    )
    known = ancestor("base/b")
    return case(replace(given, ancestors=(known,), weights=weights), [parent])
