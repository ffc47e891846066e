"""Tensors where they lie, and the one way in which their bytes come here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from posixpath import normpath
from typing import Protocol

from provenance.errors import Malformed
from provenance.formats import gguf, onnx_graph
from provenance.formats.onnx_graph import Graph
from provenance.formats.parsed import header_of
from provenance.formats.safetensors import Header
from provenance.model import Content, Evidence, Kind
from provenance.weights.heads import heads_of, raised_of
from provenance.weights.onnx import named


class Unreadable(Exception):
    """The bytes of a tensor cannot be had: gone, changed meanwhile, or beyond what may be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One tensor as a file holds it: its bytes are `begin` to `end` of the file `path`.

    `dtype` is the word of safetensors for it, of a GGUF the name of its block type. `shape` is in
    row-major order, the axis that varies fastest last. `turned` says that the file itself tells
    that the axis of a layer's inputs is the first. `heads` says that its rows are those of so many
    heads, in each of which the two halves stand in turns (weights/heads.py); 0 where they do not.
    `raised` is what was added to each value when the file was made.
    """

    path: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int
    turned: bool = False
    heads: int = 0
    raised: int = 0

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
    ends = [header.begin + tensor.offset for tensor in order[1:]] + [size] * bool(order)
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
            heads=heads_of(header, tensor.name, tensor.shape[::-1]),
            raised=raised_of(header, tensor.name),
        )


class Opened:
    """A file of a reader, read like a stream."""

    def __init__(self, reader: Reader, path: str, size: int) -> None:
        self._reader, self._path, self._size, self._at = reader, path, size, 0

    def seek(self, offset: int, /) -> int:
        """The next byte is `offset`."""
        self._at = offset
        return offset

    def read(self, size: int, /) -> bytes:
        """The next bytes, none behind the end; Unreadable."""
        end = min(self._size, self._at + size)
        data = self._reader.read(self._path, self._at, end) if end > self._at else b""
        self._at += len(data)
        return data


def stored_in(evidence: Evidence, reader: Reader | None = None) -> tuple[Stored, ...]:
    """The tensors of all selected files whose headers were read, in the order of the paths.

    An ONNX file has no header: its tensors are found by going through it with a reader, and left
    out without one. A file that is not what it should be has none.
    """
    found: list[Stored] = []
    for content in evidence.contents:
        try:
            size = evidence.manifest.by_path[content.path].size
            found += _held(content, size, reader)
        except (KeyError, Malformed):
            continue
    return tuple(found)


def _held(content: Content, size: int, reader: Reader | None) -> tuple[Stored, ...]:
    match content.kind:
        case Kind.SAFETENSORS if content.head:
            return tuple(of_header(content.path, header_of(content, size)))
        case Kind.GGUF if content.head:
            return tuple(of_gguf(content.path, gguf.parse(content.head, size), size))
        case Kind.ONNX if reader:
            opened = Opened(reader, content.path, size)
            return tuple(of_onnx(content.path, onnx_graph.graph(opened, size)))
    return ()


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


def of_onnx(path: str, graph: Graph) -> Iterator[Stored]:
    """The initialisers of an ONNX model whose data lie inside of the repository."""
    folder = path.rpartition("/")[0]
    for one in named(graph):
        tensor = one.initialiser
        place = normpath(f"{folder or '.'}/{tensor.location}") if tensor.location else path
        if place.startswith(("..", "/")) or tensor.location.startswith("/"):
            continue
        yield Stored(
            path=place,
            name=one.name,
            dtype=tensor.dtype,
            shape=tensor.shape,
            begin=tensor.begin,
            end=tensor.end,
            turned=one.turned,
        )
