"""Tensors in memory: what a file would hold, and a reader of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from provenance.weights.stored import Stored

Array = npt.NDArray[np.generic]
Tensors = Mapping[str, tuple[str, Array]]
WORDS = {"float32": "F32", "float16": "F16", "int8": "I8", "uint8": "U8", "int32": "I32"}


class Memory:
    """Reads the bytes of one file."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, path: str, begin: int, end: int) -> bytes:
        assert 0 <= begin <= end <= len(self.data)
        return self.data[begin:end]


def file_of(tensors: Tensors, path: str = "model.safetensors") -> tuple[tuple[Stored, ...], Memory]:
    """The tensors one behind the other, each with its dtype's name and an array of its bytes."""
    stored, data = [], b""
    for name, (dtype, array) in tensors.items():
        begin, data = len(data), data + array.tobytes()
        stored.append(
            Stored(path=path, name=name, dtype=dtype, shape=array.shape, begin=begin, end=len(data))
        )
    return tuple(stored), Memory(data)


def named(arrays: Mapping[str, Array]) -> dict[str, tuple[str, Array]]:
    """The arrays with the dtype's name that they have in a file."""
    return {name: (WORDS[str(array.dtype)], array) for name, array in arrays.items()}


def shapes(tensors: Mapping[str, tuple[int, ...]], dtype: str = "F32") -> tuple[Stored, ...]:
    """Tensors of these shapes without data."""
    return tuple(
        Stored(path="model.safetensors", name=name, dtype=dtype, shape=shape, begin=0, end=0)
        for name, shape in tensors.items()
    )
