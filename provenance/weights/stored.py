"""Tensors where they lie, and the one way in which their bytes come here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Protocol

from provenance.errors import Malformed
from provenance.formats import gguf, safetensors
from provenance.formats.safetensors import Header
from provenance.model import Evidence, Kind


class Unreadable(Exception):
    """The bytes of a tensor cannot be had: gone, changed meanwhile, or beyond what may be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One tensor as a file holds it: its bytes are `begin` to `end` of the file `path`.

    `dtype` is the word of safetensors for it, of a GGUF the name of its block type. `shape` is in
    row-major order, the axis that varies fastest last. `turned` says that the file itself tells
    that the axis of a layer's inputs is the first.
    """

    path: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int
    turned: bool = False

    @property
    def size(self) -> int:
        """The number of its elements."""
        return prod(self.shape)


class Reader(Protocol):
    """Where bytes come from."""

    def read(self, path: str, begin: int, end: int) -> bytes:
        """Exactly the bytes `begin` to `end` of a file, or Unreadable."""


class Recording:
    """A reader without bytes: what is read of it is noted, and is zeros. What a computation will
    ask for is known so before anything is fetched."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, int, int]] = []

    def read(self, path: str, begin: int, end: int) -> bytes:
        """Zeros."""
        self.spans.append((path, begin, end))
        return bytes(end - begin)


def of_gguf(path: str, header: gguf.Header, size: int) -> Iterator[Stored]:
    """The tensors of a GGUF file of `size` bytes; there the axis that varies fastest is the first.

    One of a type that nobody knows reaches to the next tensor.
    """
    order = sorted(header.tensors, key=lambda tensor: tensor.offset)
    ends = [header.begin + tensor.offset for tensor in order[1:]] + [size]
    for tensor, end in zip(order, ends, strict=True):
        begin = header.begin + tensor.offset
        if tensor.type in gguf.BLOCKS:
            values, width = gguf.BLOCKS[tensor.type]
            end = begin + prod(tensor.shape) // values * width
        yield Stored(
            path=path,
            name=tensor.name,
            dtype=gguf.NAMES.get(tensor.type, f"type {tensor.type}"),
            shape=tensor.shape[::-1],
            begin=begin,
            end=end,
        )


def stored_in(evidence: Evidence) -> tuple[Stored, ...]:
    """The tensors of all selected files whose headers were read, in the order of the paths."""
    found: list[Stored] = []
    for content in evidence.contents:
        if content.kind is Kind.SAFETENSORS and content.head:
            try:
                size = evidence.manifest.by_path[content.path].size
                found += of_header(content.path, safetensors.parse(content.head, size))
            except (KeyError, Malformed):
                continue
    return tuple(found)


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
