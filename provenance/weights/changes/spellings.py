"""What a tensor's module is called, and what its parts or the whole of it are called elsewhere."""

from __future__ import annotations

import re

from provenance.weights.changes.change import Change
from provenance.weights.names import fused_of, table
from provenance.weights.roles import module_of, role_of

LAYERED = re.compile(r"(?P<before>(?:.*?\.)?[0-9]+\.)(?P<module>.+)")
"""A name up to the number of its layer, and the module in there."""


def modules_of(change: Change) -> tuple[str, ...]:
    """What the tensor's module is called, in the base and in the derivative."""
    names = (change.base or change.name, change.name)
    return tuple(dict.fromkeys(module_of(name) for name in names))


def parts_of(change: Change) -> tuple[str, ...]:
    """The modules that a fused one stands for: the one that changed, or all where they are not told
    apart; none of one that is not fused."""
    for module in modules_of(change):
        found = LAYERED.fullmatch(module)
        known = table().known.get(found["module"]) if found else None
        if found and known and known.parts:
            own = [part for part in known.parts if change.role.endswith(f".{part}.weight")]
            return tuple(f"{found['before']}{part}" for part in own or known.parts)
    return ()


def wholes_of(change: Change) -> tuple[str, ...]:
    """The fused modules, by all their names, of which a module would be a part."""
    named: list[str] = []
    for module in modules_of(change):
        found = LAYERED.fullmatch(module)
        known = table().known.get(role_of(found["module"])[0]) if found else None
        if found and known:
            named += [f"{found['before']}{name}" for name in fused_of(known.role)]
    return tuple(named)
