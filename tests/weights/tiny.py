"""Models of a few numbers, in files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from provenance.formats import safetensors
from provenance.formats.safetensors import BITS
from provenance.source.stored import FolderReader
from provenance.weights.stored import Stored, of_header
from provenance.weights.values import canonical

Array = npt.NDArray[np.generic]
DTYPES = {
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
    "int8": "I8",
    "int32": "I32",
    "int64": "I64",
}


def head(tensors: Mapping[str, tuple[str, Sequence[int]]]) -> bytes:
    """The header of a safetensors file of tensors of these dtypes and shapes, one after another."""
    table: dict[str, object] = {}
    at = 0
    for name, (dtype, shape) in tensors.items():
        end = at + prod(shape) * BITS[dtype] // 8
        table[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(table).encode()
    return len(text).to_bytes(8, "little") + text


def bf16(values: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """The nearest bfloat16 as bits, which `file` writes as BF16."""
    array = np.asarray(values, np.float32)
    return canonical(array.reshape(-1)).reshape(array.shape)


def file(tensors: Mapping[str, Array]) -> bytes:
    """A safetensors file; arrays of uint16 are BF16."""
    dtypes = {name: DTYPES.get(str(one.dtype), "BF16") for name, one in tensors.items()}
    header = head({name: (dtypes[name], one.shape) for name, one in tensors.items()})
    return header + b"".join(one.tobytes() for one in tensors.values())


def opened(folder: Path, **files: Mapping[str, Array]) -> tuple[tuple[Stored, ...], FolderReader]:
    """A model written to a folder, as its tensors and what reads their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, tensors in files.items():
        (folder / f"{name}.safetensors").write_bytes(file(tensors))
    paths = [f"{name}.safetensors" for name in sorted(files)]
    return tuple(one for path in paths for one in stored_of(folder, path)), FolderReader(
        root=folder
    )


def stored_of(folder: Path, path: str) -> tuple[Stored, ...]:
    """The tensors of one file below a folder."""
    data = (folder / path).read_bytes()
    return tuple(of_header(path, safetensors.parse(data, len(data))))
