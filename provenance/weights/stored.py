"""Tensors where they lie, and the one way in which their bytes come here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Protocol

from provenance.formats.safetensors import Header


class Unreadable(Exception):
    """The bytes of a tensor cannot be had: gone, changed meanwhile, or beyond what may be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One tensor as a file holds it: its bytes are `begin` to `end` of the file `path`.

    `dtype` is the word of safetensors for it, of a GGUF the name of its block type. `shape` is in
    row-major order, the axis that varies fastest last.
    """

    path: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def size(self) -> int:
        """The number of its elements."""
        return prod(self.shape)


class Reader(Protocol):
    """Where bytes come from."""

    def read(self, path: str, begin: int, end: int) -> bytes:
        """Exactly the bytes `begin` to `end` of a file, or Unreadable."""


def of_header(path: str, header: Header) -> Iterator[Stored]:
    """The tensors of a safetensors file, in the order of their bytes."""
    start = 8 + header.length
    for tensor in header.tensors:
        yield Stored(
            path=path,
            name=tensor.name,
            dtype=tensor.dtype,
            shape=tensor.shape,
            begin=start + tensor.begin,
            end=start + tensor.end,
        )
