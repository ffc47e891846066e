"""Tensors that programs make anew: harmless with the values that programs write, and only then."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.delta import Side
from provenance.weights.stored import Unreadable
from provenance.weights.values import DECODERS

Numbers = npt.NDArray[np.float64]
LARGEST = 1 << 24
"""Values of one that are looked at: a causal mask of 4096 positions."""
WHOLE: Mapping[str, str] = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1",
                            "BOOL": "?"}  # fmt: skip
SCALED = 64.0
"""By how much a longer context may slow down the turning of positions."""
WITHIN = 0.02
LOW, HIGH = 1.0, 4.0
"""Turnings within the first context: of fewer all is slowed down, of more nothing."""
WRITTEN = "as programs write it"
ZEROS = "zeros"


def is_written(change: Change) -> bool:
    """Whether the tensor changes nothing: a buffer as programs write it, or zeros added."""
    words = change.detail.split("; ")
    removed = change.kind is Kind.REMOVED and any(one.search(change.name) for one in VALUES)
    return removed or WRITTEN in words or (change.kind is Kind.ADDED and ZEROS in words)


def said_of(own: Side, kind: Kind) -> str:
    """What is to be said of the values of a tensor that is new, or other than the base's: that they
    are zeros, or those of a buffer; nothing of what cannot be read."""
    main = own.piece.main
    rule = next((rule for pattern, rule in VALUES.items() if pattern.search(main.name)), None)
    small = main.name.endswith((".bias", "_bias")) and kind is Kind.ADDED
    if (rule is None and not small) or not 0 < main.size <= LARGEST:
        return ""
    try:
        values = _values(own)
    except (Unreadable, KeyError, ValueError):
        return ""
    if rule and rule(values):
        return WRITTEN
    return ZEROS if small and not values.any() else ""


def _values(own: Side) -> Numbers:
    main = own.piece.main
    data = own.reader.read(main.path, main.begin, main.end)
    if main.dtype in WHOLE:
        return np.frombuffer(data, WHOLE[main.dtype]).astype(np.float64)
    return DECODERS[main.dtype](data).astype(np.float64)


def _turning(values: Numbers) -> bool:
    """Powers of one base, each slowed down by as much as the one before, or more."""
    if not (np.isfinite(values).all() and (values > 0).all() and values[0] <= 1 + WITHIN):
        return False
    slowed = values / values[0]
    if slowed.size < 3 or values[0] < 1 / SCALED:
        return bool(slowed.size < 3)
    with np.errstate(all="ignore"):
        factor = slowed[1] ** np.arange(slowed.size) / slowed
    steps = factor[1:] / factor[:-1]
    return bool(factor.max() <= SCALED and (steps >= 1 - WITHIN).all() and slowed[1] < 1)


def _factors(values: Numbers) -> bool:
    """By how much each turning is slowed down where a context is made longer as Llama 3's is: not
    at all, or from LOW to HIGH turnings within the first context ever less (transformers,
    modeling_rope_utils.py, `_compute_llama3_parameters`; the same in convert_hf_to_gguf.py)."""
    most = values[-1]
    rising = (np.diff(values) >= 0).all()
    if not (rising and values[0] >= 1 and most <= SCALED):
        return False
    if most == values[0]:
        return bool(most == 1)
    between = values[(values > 1) & (values < most)]
    turnings = LOW + (HIGH - LOW) * (1 / between - 1 / most) / (1 - 1 / most)
    steps = turnings[1:] / turnings[:-1]
    return values[0] == 1 and bool((np.abs(steps - steps[:1].sum()) <= WITHIN).all())


def _counted(values: Numbers) -> bool:
    return bool((values == np.arange(values.size)).all())


def _masked(values: Numbers) -> bool:
    return values.size == 1 and bool(values[0] <= -1e4)


def _mask(values: Numbers) -> bool:
    side = round(values.size**0.5)
    return side * side == values.size and bool((values.reshape(side, side) == np.tri(side)).all())


def _tally(values: Numbers) -> bool:
    return values.size == 1 and bool(values[0] >= 0)


VALUES: Mapping[re.Pattern[str], Callable[[Numbers], bool]] = {
    re.compile(r"(?:^|[._])(?:original_)?inv_freq$"): _turning,
    re.compile(r"(?:^|\.)rope_freqs\.weight$"): _factors,
    re.compile(r"(?:^|\.)position_ids$"): _counted,
    re.compile(r"\.masked_bias$"): _masked,
    re.compile(r"\.(?:attn|attention)\.bias$"): _mask,
    re.compile(r"(?:^|\.)num_batches_tracked$"): _tally,
}
"""What the values of each are; such a tensor may be left out too."""
