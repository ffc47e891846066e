"""Whether the low-rank factors of an adapter fit the weights they are added to.

Only a pair of factors convicts. Magnitudes (DoRA), scales (IA3, VeRA) and modules saved whole are a
method's own. A factor for a weight that is not there is said: the parent may be read in part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from provenance.lineage.consistency.fitting import WHOLE, Fit
from provenance.weights.roles import FLOATS, Layout, Numbers, Tensor

LORA = re.compile(
    r"(?P<of>.+)\.(?:lora_(?P<side>[ABab])|lora_(?P<way>up|down)|lora\.(?P<dot>up|down)"
    r"|lora_embedding_(?P<embedding>[AB]))(?:\.[\w-]+?)?(?:\.weight)?"
)
FIRST = frozenset({"A", "a", "down"})
Factors = Mapping[Numbers, Tensor]
Pair = tuple[Factors, Factors]
"""The factors of one role, those that read the input and those that write the output."""


def factors(layout: Layout) -> Mapping[str, Pair]:
    """The factors of an adapter by the role of the weight that they are added to."""
    found: dict[str, tuple[dict[Numbers, Tensor], dict[Numbers, Tensor]]] = {}
    for role, tensors in layout.roles.items():
        if lora := LORA.fullmatch(role):
            side = next(filter(None, lora.group("side", "way", "dot", "embedding")))
            pair = found.setdefault(f"{lora['of']}.weight", ({}, {}))
            pair[side not in FIRST].update(tensors)
    return found


def fit_factor(first: Tensor | None, second: Tensor | None, weight: Tensor) -> Fit:
    """Whether a pair can be added to a weight, whichever of its axes is the input.

    A factor [r, in] and a factor [out, r] to a weight [out, in], or turned as GPT-2 and MLX do.
    """
    if weight.dtype not in FLOATS and not weight.dtype.startswith("F8"):
        return Fit(holds=None)
    if weight.packing not in WHOLE or len(weight.shape) not in (2, 4):
        return Fit(holds=None)
    if "lora_embedding" in (first or second or weight).name:
        return Fit(holds=second is None or weight.shape[1] in second.shape)
    out, into = weight.shape[:2]
    return Fit(holds=_both(first, second, into, out) or _both(first, second, out, into))


def _both(first: Tensor | None, second: Tensor | None, into: int, out: int) -> bool:
    return _has(first, into) and _has(second, out)


def _has(factor: Tensor | None, number: int) -> bool:
    return factor is None or number in factor.shape[:2]
