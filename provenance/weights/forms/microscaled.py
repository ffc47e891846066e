"""Floats of 4 bits with a scale for each block: MXFP4 as GPT-OSS has it, and NVFP4."""

from __future__ import annotations

import numpy as np

from provenance.weights.forms.form import Form, Held, Hint, Shape, lines, raw, whole
from provenance.weights.stored import Reader, Stored
from provenance.weights.values import E2M1, EIGHT, Floats, nibbles

MX_BLOCK, NV_BLOCK = 32, 16


def _mx_shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    """`_blocks` is [..., lines, blocks, 16 bytes], `_scales` the same without the last axis."""
    scales = next((one for one in beside if one.name.endswith("_scales")), None)
    if len(main.shape) < 3 or not main.size or scales is None or scales.dtype != "U8":
        return None
    if scales.shape != main.shape[:-1] or main.shape[-1] * 2 != MX_BLOCK:
        return None
    return scales.size // scales.shape[-1], MX_BLOCK * scales.shape[-1]


def _mx(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    data = raw(held.main, reader, begin, end, held.rows)
    values = E2M1[nibbles(np.frombuffer(data, np.uint8))].reshape(end - begin, held.columns)
    exponents = raw(held.need("_scales"), reader, begin, end, held.rows)
    scales = EIGHT["F8_E8M0"][np.frombuffer(exponents, np.uint8)].reshape(end - begin, -1)
    return values * np.repeat(scales, MX_BLOCK, axis=1)


def _nv_shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    scale = next((one for one in beside if one.name.endswith(".weight_scale")), None)
    if len(main.shape) < 2 or not main.size or scale is None or not scale.dtype.startswith("F8"):
        return None
    rows, columns = main.size // main.shape[-1], 2 * main.shape[-1]
    return (rows, columns) if scale.size * NV_BLOCK == rows * columns else None


def _nv(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    data = raw(held.main, reader, begin, end, held.rows)
    values = E2M1[nibbles(np.frombuffer(data, np.uint8))].reshape(end - begin, held.columns)
    scales = lines(held.need(".weight_scale"), reader, begin, end, held.rows)
    # compressed-tensors keeps what the scales were multiplied with, ModelOpt what they lack.
    over = held.get("weight_global_scale")
    outer = whole(over or held.need("weight_scale_2"), reader)[:1]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = values * np.repeat(scales, NV_BLOCK, axis=1)
        return values / outer if over else values * outer


MXFP4 = Form(rows=_mx, shape=_mx_shape)
NVFP4 = Form(rows=_nv, shape=_nv_shape)
