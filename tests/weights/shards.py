"""Tensors written as files: in one or in several, in whatever type and by whatever names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance.weights.values import canonical

Array = npt.NDArray[Any]
Given = Mapping[str, Array]
DTYPES = {"<f4": "F32", "<f2": "F16", "<f8": "F64", "|i1": "I8", "|u1": "U8", "<i8": "I64"}


def bf16(values: Array) -> Array:
    """The bits of values as bfloat16, which a file here holds where an array is of uint16."""
    return canonical(values)


def written(tensors: Given) -> bytes:
    """A safetensors file of these tensors; arrays of uint16 are bits of bfloat16."""
    table, at = {}, 0
    for name, array in tensors.items():
        dtype = "BF16" if array.dtype == np.uint16 else DTYPES[array.dtype.str]
        end = at + array.nbytes
        table[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(a.tobytes() for a in tensors.values())


def folder(place: Path, **files: Given) -> Path:
    """A folder with these safetensors files, each under its name."""
    place.mkdir(parents=True)
    for name, tensors in files.items():
        (place / f"{name}.safetensors").write_bytes(written(tensors))
    return place
