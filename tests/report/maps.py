"""Change maps made by hand, for the tests of what is drawn of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance.drift.comparison import Comparison
from provenance.weights.changes.change import Change, ChangeMap, Kind
from provenance.weights.compared import Side
from provenance.weights.fingerprint import Fingerprint
from provenance.weights.kinship import Kinship
from provenance.weights.kinship import kinship as weighed
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import Part
from provenance.weights.merging import Merge, Share
from provenance.weights.sample import Block, Sample

MODULES = (
    "input_layernorm",
    "mlp.down_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "post_attention_layernorm",
    "self_attn.k_proj",
    "self_attn.o_proj",
    "self_attn.q_proj",
    "self_attn.v_proj",
)
Made = Callable[[str, int], dict[str, Any]]
Values = npt.NDArray[np.float64]


def layered(count: int, what: Made, modules: Iterable[str] = MODULES) -> tuple[Change, ...]:
    """A change of every module in every layer, as `what` says of it."""
    return tuple(
        change(f"model.layers.{layer}.{module}.weight", **what(module, layer))
        for module in modules
        for layer in range(count)
    )


def change(name: str, **fields: Any) -> Change:
    """A change of a tensor that is called so; identical if nothing else is said."""
    words = name.split(".")
    numbers = tuple(word for word in words if word.isdigit())
    role = ".".join("#" if word.isdigit() else word for word in words)
    made: dict[str, Any] = {"kind": Kind.IDENTICAL, "base": name, **fields}
    return Change(name=name, role=role, numbers=numbers, **made)


def hidden_edit(module: str, layer: int) -> dict[str, Any]:
    """A LoRA of q and v, and one more matrix edited."""
    if module in ("self_attn.q_proj", "self_attn.v_proj"):
        return {"kind": Kind.LOW_RANK, "rank": 4, "relative": 0.021, "share": 0.97}
    if (module, layer) == ("mlp.down_proj", 1):
        return {"kind": Kind.LOW_RANK, "rank": 1, "relative": 0.01, "share": 0.9}
    return {}


def kinship(base: str, noise: float = 0.1, seed: int = 1) -> Kinship:
    """What a model is to a base of which its values differ by so much noise."""
    rng = np.random.default_rng(seed)
    own = [rng.normal(size=(22, 64)) for _ in MODULES]
    other = [one + noise * rng.normal(size=one.shape) for one in own]
    ours, theirs = (
        Fingerprint(repo=name, sample=sampled(values), ledger=Ledger())
        for name, values in (("./bot", own), (base, other))
    )
    return weighed(ours, theirs, anchored=True)


def sampled(values: Iterable[Values]) -> Sample:
    """A sample of the modules of one layer, with these values."""
    blocks = tuple(
        Block(
            name=f"model.layers.0.{module}.weight",
            role=f"model.layers.#.{module}.weight",
            numbers=("0",),
            part=Part.LAYER,
            width=64,
            across=256,
            ordinals=tuple(range(len(block))),
            values=block.astype(np.float32),
        )
        for module, block in zip(MODULES, values, strict=True)
    )
    return Sample(coordinates="pair:0", blocks=blocks)


def comparison(changes: Iterable[Change], **fields: Any) -> Comparison:
    """The changes between two models, and what else is said of them."""
    made: dict[str, Any] = {
        "base": Side(name="acme/base", commit="c" * 40, manifest=f"sha256:{'0' * 64}"),
        "derived": Side(name="./bot"),
        "kinship": kinship("acme/base"),
        "changes": ChangeMap(base="acme/base", changes=tuple(changes)),
        "summary": "low rank in q_proj and v_proj",
        **fields,
    }
    return Comparison(**made)


def a_merge() -> Merge:
    """Nine parts of one, and one of another."""
    shares = (Share(base="acme/base", coefficient=0.9), Share(base="b/other", coefficient=0.1))
    return Merge(shares=shares, residual=0.003, values=10_000)
