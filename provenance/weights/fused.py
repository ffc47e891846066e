"""Weights that one program keeps in one tensor and another in several.

Query, key and value, gate and up, the experts of a layer: where only one of two models has them
apart, they are put together, so that both have the same roles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from provenance.weights.roles import FLOATS, Layout, Numbers, Tensor

FUSED: Mapping[str, tuple[str, ...]] = {
    "qkv_proj": ("q_proj", "k_proj", "v_proj"),
    "qkv": ("q", "k", "v"),
    "to_qkv": ("to_q", "to_k", "to_v"),
    "query_key_value": ("query", "key", "value"),
    "gate_up_proj": ("gate_proj", "up_proj"),
    "w13": ("w1", "w3"),
}
EXPERTS = re.compile(r"(.*(?:^|\.)experts)\.#\.(\w+)\.weight")
Roles = dict[str, Mapping[Numbers, Tensor]]


def alike(here: Layout, there: Layout) -> tuple[Layout, Layout]:
    """Both with the same things in one tensor."""
    for whole, pieces in FUSED.items():
        here, there = _fused(here, there, whole, pieces), _fused(there, here, whole, pieces)
    return _stacked(here, there), _stacked(there, here)


def _key(role: str, name: str) -> str:
    """What a module of this name is in: the last word before it that is no number."""
    before = [word for word in role.split(f".{name}")[0].split(".") if word != "#"]
    return before[-1] if before else ""


def _places(layout: Layout, name: str) -> set[str]:
    return {_key(role, name) for role in layout.roles if f".{name}." in f"{role}."}


def _fused(layout: Layout, model: Layout, whole: str, pieces: tuple[str, ...]) -> Layout:
    """The layout with the pieces put together, where the model has the whole and none of them."""
    wanted = _places(model, whole) - _places(model, pieces[0]) - _places(layout, whole)
    if not wanted:
        return layout
    roles: Roles = dict(layout.roles)
    for role in layout.roles:
        if f".{pieces[0]}." not in role or _key(role, pieces[0]) not in wanted:
            continue
        names = [role.replace(f".{pieces[0]}.", f".{piece}.") for piece in pieces]
        if all(name in roles for name in names):
            parts = [roles.pop(name) for name in names]
            roles[role.replace(f".{pieces[0]}.", f".{whole}.")] = {
                numbers: _joined([part[numbers] for part in parts])
                for numbers in parts[0]
                if all(numbers in part for part in parts)
            }
    return Layout(roles=roles, schemes=layout.schemes)


def _joined(tensors: list[Tensor]) -> Tensor:
    """One tensor as long as all of them; of packed ones the form is not known."""
    first = tensors[0]
    plain = all(t.dtype in FLOATS and not t.packing and len(t.shape) for t in tensors)
    rows = sum(t.shape[0] for t in tensors) if plain else 0
    return Tensor(
        name=first.name,
        dtype=first.dtype,
        shape=(rows, *first.shape[1:]) if plain else first.shape,
        packing="" if plain else "joined",
    )


def _stacked(layout: Layout, model: Layout) -> Layout:
    """The layout with the experts of a layer in one tensor, where the model has them so."""
    roles: Roles = dict(layout.roles)
    ends = {role.rpartition(".experts.")[2] for role in model.roles if ".experts." in role}
    for role in layout.roles:
        found = EXPERTS.fullmatch(role)
        if found and found[2] in ends:
            at = found[1].split(".").count("#")
            apart: dict[Numbers, list[Tensor]] = {}
            for numbers, tensor in roles.pop(role).items():
                apart.setdefault(numbers[:at], []).append(tensor)
            roles[f"{found[1]}.{found[2]}"] = {n: _stack(some) for n, some in apart.items()}
    return Layout(roles=roles, schemes=layout.schemes)


def _stack(experts: list[Tensor]) -> Tensor:
    first = experts[0]
    return Tensor(
        name=first.name,
        dtype=first.dtype,
        shape=(len(experts), *first.shape),
        packing=first.packing,
    )
