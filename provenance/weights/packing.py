"""How quantisation packs a weight, by the names and dtypes that its tools write.

A packed weight is a tensor of another shape, with tensors beside it (scales, zeros, maps). Those
beside it are never compared. The packed one is where its packing fixes what the weight had.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from math import prod

from provenance.formats.safetensors import BITS

BNB4, BNB8, GPTQ, MXFP4 = "bitsandbytes 4 bit", "bitsandbytes 8 bit", "GPTQ or AWQ", "MXFP4"
PACKED, MLX, SCALED = "compressed-tensors", "MLX", "scaled weights (FP8 or 8 bit)"
OTHER = "a form that is not compared"

MAINS: Mapping[str, str] = {
    ".qweight": GPTQ,
    ".weight_packed": PACKED,
    "_blocks": MXFP4,
    ".W_q": "HQQ",
    ".weight._data": "quanto",
    "._weight_qdata": "torchao",
    ".weight:qdata": "torchao",
    ".q_weight": "EXL2",
    ".trellis": "EXL3",
    ".codes": "AQLM",
    ".Qidxs": "QuIP#",
    ".indices": "VPTQ",
}
"""What the packed tensor's name ends in, in place of `.weight`."""
WITH: Mapping[str, Collection[str]] = {
    ".qweight": (".scales", ".qzeros"),
    ".weight_packed": (".weight_scale",),
    "_blocks": ("_scales",),
    ".W_q": (".scale", ".zero"),
    ".codes": (".codebooks",),
    ".indices": (".centroids.weight",),
}
"""What must stand beside it, where its own name says too little."""
BESIDE = re.compile(
    r"(?P<of>.+?)(?:\.weight)?[._:](?P<tail>absmax|quant_map|nested_absmax|nested_quant_map"
    r"|quant_state\..+|SCB|weight_format|(?:weight_|activation_|input_|output_|k_|v_|q_|kv_)?"
    r"(?:global_)?scales?(?:_inv|_2|_ub)?|qzeros|g_idx|weight_g_idx|(?:weight_|input_)?zero_point"
    r"|weight_shape|_scale|_shift|zero|meta|q_scale_max|q_groups|q_perm|q_invperm|suh|svh|mcg|mul1"
    r"|codebooks|codebook_id|SU|SV|centroids\.weight|perm|biases|weight_bias)"
)


def packed(role: str, roles: Collection[str]) -> tuple[str, str] | None:
    """The weight that this packed tensor stands for and how; None for any other tensor."""
    for tail, scheme in MAINS.items():
        stem = role.removesuffix(tail)
        if stem != role and any(
            f"{stem}{beside}" in roles for beside in WITH.get(tail, ("",)) if beside
        ):
            return (stem if tail == "_blocks" else f"{stem}.weight"), scheme
        if stem != role and tail not in WITH:
            return f"{stem}.weight", scheme
    return None


def beside(role: str, roles: Collection[str]) -> tuple[str, str] | None:
    """The weight that this tensor only helps to read, and the words after it; None for others."""
    found = BESIDE.fullmatch(role)
    if not found or role.endswith((".weight_scale.weight", ".bias")):
        return None
    stem = found["of"]
    mains = (f"{stem}.weight", *(f"{stem}{tail}" for tail in MAINS))
    main = next((name for name in mains if name in roles), stem if stem in roles else "")
    return (main, found["tail"]) if main and main != role else None


def scheme_of(tails: Collection[str], dtype: str) -> str:
    """How a weight called `weight` is packed, by what stands beside it and its dtype."""
    if any(tail in ("absmax", "quant_map") for tail in tails):
        return BNB4
    if "SCB" in tails:
        return BNB8
    if dtype == "U32" and "scales" in tails:
        return MLX
    if any("scale" in tail for tail in tails):
        return SCALED if dtype not in ("U8", "I32", "U32") else OTHER
    return "" if dtype.startswith(("F", "BF")) else OTHER


def fits_packed(
    scheme: str, dtype: str, here: tuple[int, ...], plain: tuple[int, ...]
) -> bool | None:
    """Whether a packed tensor can hold a weight of this shape; None where its packing is free.

    bitsandbytes and MXFP4 keep the number of elements (two a byte), GPTQ one axis and AWQ the
    other, compressed-tensors and MLX the rows.
    """
    if scheme == BNB4:
        return abs(prod(here) * BITS.get(dtype, 8) - 4 * prod(plain)) <= 64
    if scheme == MXFP4:
        return 2 * prod(here) == prod(plain)
    if len(here) != 2 or len(plain) != 2:
        return None
    if scheme == GPTQ:
        return here[1] in plain or here[0] in plain
    if scheme in (PACKED, MLX):
        return here[0] == plain[0]
    return None
