"""Which models hold an adapter's parameters in place of weights, by names and shapes of tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable

from provenance.weights.methods import HELD
from provenance.weights.names import meanings
from provenance.weights.packing import OTHER
from provenance.weights.roles import Layout, Tensor, layout_of
from provenance.weights.stored import Stored

HEADS = re.compile(r"(?:^|\.)(?:\w*head|score|classifier|summary)\.#\.")
"""A head of several modules in a row, which peft saves whole beside its parameters."""


def is_adapter(layout: Layout) -> bool:
    """Whether there are such parameters, and no matrix of a layer beside them.

    Tables and heads may be saved whole with an adapter. What has a layer's own matrix, by whatever
    name, is a model: parameters beside it make it no adapter.
    """
    if not any(HELD.search(role) for role in layout.roles):
        return False
    found = {role for role, some in layout.roles.items() if any(map(_is_matrix, some.values()))}
    named = meanings(role for role in found if "#" in role and not HELD.search(role))
    return all(not said.layered and HEADS.search(role) for role, said in named.items())


def is_adapter_of(stored: Iterable[Stored]) -> bool:
    """The same of stored tensors, of whatever format."""
    return is_adapter(
        layout_of(
            (one.path.rpartition("/")[0], Tensor(name=one.name, dtype=one.dtype, shape=one.shape))
            for one in stored
        )
    )


def _is_matrix(tensor: Tensor) -> bool:
    """Whether it has two axes or more; a packed one may be stored as a line of bytes."""
    is_packed = tensor.packing not in ("", OTHER)
    return is_packed or sum(axis > 1 for axis in tensor.shape) > 1
