"""Change maps made by hand, for the tests of what is drawn of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from provenance.weights.changes.change import Change, ChangeMap, Kind
from provenance.weights.compared import Comparison, Portion, Side
from provenance.weights.kinship import Kind as Kin
from provenance.weights.kinship import Kinship
from provenance.weights.relation import Relation, Statistic

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
Made = Callable[[str, int], dict[str, object]]


def layered(count: int, what: Made, modules: Iterable[str] = MODULES) -> tuple[Change, ...]:
    """A change of every module in every layer, as `what` says of it."""
    return tuple(
        change(f"model.layers.{layer}.{module}.weight", **what(module, layer))
        for module in modules
        for layer in range(count)
    )


def change(name: str, **fields: object) -> Change:
    """A change of a tensor that is called so; identical if nothing else is said."""
    words = name.split(".")
    numbers = tuple(word for word in words if word.isdigit())
    role = ".".join("#" if word.isdigit() else word for word in words)
    made: dict[str, object] = {"kind": Kind.IDENTICAL, "base": name, **fields}
    return Change(name=name, role=role, numbers=numbers, **made)  # type: ignore[arg-type]


def hidden_edit(module: str, layer: int) -> dict[str, object]:
    """A LoRA of q and v, and one more matrix edited."""
    if module in ("self_attn.q_proj", "self_attn.v_proj"):
        return {"kind": Kind.LOW_RANK, "rank": 4, "relative": 0.021, "share": 0.97}
    if (module, layer) == ("mlp.down_proj", 1):
        return {"kind": Kind.LOW_RANK, "rank": 1, "relative": 0.01, "share": 0.9}
    return {}


def relation(z: float = 48.7, rho: float = 0.98, values: int = 49_152) -> Relation:
    """A relation of two samples with that z."""
    count = 64
    cross = np.eye(count) * (z / np.sqrt(count * (count - 1)))
    off = (1 - (np.linalg.norm(cross)) ** 2) if np.linalg.norm(cross) < 1 else 0.0
    cross[0, 1] = np.sqrt(off)
    whole = Statistic(cross=cross, values=values, rhos=(rho,))
    return Relation(whole=whole, layers=whole, tables=whole, each={}, paired=36, unpaired=0)


def kinship(base: str, kind: Kin = Kin.CORROBORATED, words: str = "", **fields: float) -> Kinship:
    """What a model is to a base."""
    return Kinship(base=base, kind=kind, words=words, relation=relation(**fields))  # type: ignore[arg-type]


def comparison(changes: Iterable[Change], **fields: object) -> Comparison:
    """The changes between two models, and what else is said of them."""
    made: dict[str, object] = {
        "base": Side(name="acme/base", commit="c" * 40, manifest=f"sha256:{'0' * 64}"),
        "derived": Side(name="./bot"),
        "kinship": kinship("acme/base", words="statistically incompatible with independence"),
        "changes": ChangeMap(base="acme/base", changes=tuple(changes)),
        "summary": "low rank in q_proj and v_proj",
        **fields,
    }
    return Comparison(**made)  # type: ignore[arg-type]


def merged() -> tuple[Portion, ...]:
    """Nine parts of one, and one of another."""
    return (Portion(base="acme/base", coefficient=0.9), Portion(base="b/other", coefficient=0.1))
