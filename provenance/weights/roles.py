"""The tensors of a model by role: what one is for, whatever program wrote its name.

A role is a name with its numbers taken out (`model.layers.#.mlp.up_proj.weight`) and spelled one
way: without what compilers, wrappers and adapters put before a name, with the folder of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from provenance.weights import packing

FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
OWN_MARK = "\N{FULLWIDTH NUMBER SIGN}"
"""In place of a `#` that a name has itself: in a role it stands for a number, and each has one."""
NUMBER = re.compile(r"(?:(?<=\.)|^)\d+(?=\.|$)")
LEADING = re.compile(r"^(?:module\.|_orig_mod\.|pretrained_model\.|base_model\.model\.)+")
WRAPPERS = re.compile(
    r"(?:(?<=\.)|^)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|base_layer"
    r"|original_module|modules_to_save(?:\.default)?)\."
)
PARAMETER = re.compile(r"\.(?:weight|bias)$")
ENDINGS: Mapping[str, str] = {
    ".gamma": ".weight",
    ".beta": ".bias",
    ".parametrizations.weight.original1": ".weight",
    ".parametrizations.weight.original": ".weight",
    ".weight_orig": ".weight",
}
ShapeOf = tuple[int, ...]
Numbers = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor; `packing` is how quantisation wrote it, empty where its shape is its own."""

    name: str
    dtype: str
    shape: ShapeOf
    packing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The tensors of a model: by role, and there by the numbers that were taken out."""

    roles: Mapping[str, Mapping[Numbers, Tensor]] = field(default_factory=dict)
    schemes: frozenset[str] = frozenset()
    """The ways in which some of them are quantised."""


def layout_of(tensors: Iterable[tuple[str, Tensor]]) -> Layout:
    """The tensors of a model by role, each given with the folder of its file."""
    raw: dict[str, dict[Numbers, Tensor]] = {}
    for folder, tensor in tensors:
        role, numbers = role_of(tensor.name, folder)
        raw.setdefault(role, {})[numbers] = tensor
    return _spelled(raw)


def role_of(name: str, folder: str = "") -> tuple[str, Numbers]:
    """The name without what wraps it and with its numbers taken out, and those."""
    plain = WRAPPERS.sub("", LEADING.sub("", name))
    plain = f"{folder.replace('/', '.')}.{plain}" if folder else plain
    plain = plain.replace("#", OWN_MARK)
    return NUMBER.sub("#", plain), tuple(NUMBER.findall(plain))


def module_of(name: str) -> str:
    """The module whose parameter a tensor of that name is, without what wraps it."""
    return PARAMETER.sub("", WRAPPERS.sub("", LEADING.sub("", name)))


def _spelled(raw: Mapping[str, Mapping[Numbers, Tensor]]) -> Layout:
    """Roles as they are spelled here, without the tensors that only help to read others.

    A name that needs no respelling comes last: nothing that stands for it can hide it.
    """
    tails: dict[tuple[str, Numbers], set[str]] = {}
    spelled: list[tuple[str, str, str]] = []
    for role in raw:
        if (main := _beside(role, raw)) is not None:
            for numbers in raw[role]:
                tails.setdefault((main[0], numbers), set()).add(main[1])
        elif found := packing.packed(role, raw):
            spelled.append((found[0], role, found[1]))
        else:
            spelled.append((_ending(role, raw), role, ""))
    roles: dict[str, dict[Numbers, Tensor]] = {}
    schemes: set[str] = set()
    for name, role, scheme in sorted(spelled, key=lambda one: one[0] == one[1]):
        for numbers, tensor in raw[role].items():
            how = scheme or packing.scheme_of(tails.get((role, numbers), ()), tensor.dtype)
            roles.setdefault(name, {})[numbers] = Tensor(
                name=tensor.name, dtype=tensor.dtype, shape=tensor.shape, packing=how
            )
            schemes.add(how)
    return Layout(roles=roles, schemes=frozenset(schemes - {"", packing.OTHER}))


def _beside(role: str, raw: Mapping[str, object]) -> tuple[str, str] | None:
    if role.endswith(".parametrizations.weight.original0"):
        return role.removesuffix("0") + "1", "magnitude"
    if role.endswith(".weight_g") and f"{role.removesuffix('g')}v" in raw:
        return role.removesuffix("g") + "v", "magnitude"
    return packing.beside(role, raw.keys())


def _ending(role: str, raw: Mapping[str, object]) -> str:
    if role.endswith(".weight_v") and f"{role.removesuffix('v')}g" in raw:
        return role.removesuffix("_v")
    for ending, usual in ENDINGS.items():
        if role.endswith(ending):
            return role.removesuffix(ending) + usual
    return role
