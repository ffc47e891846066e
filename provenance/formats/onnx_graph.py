"""The initialisers of an ONNX model (onnx.proto3): where their data lie, and which node uses them.

Of the model's own graph alone. Data are not read. What stands as numbers of a variable width in the
file (`int32_data` and its kin) has no place of its own and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from provenance.errors import Malformed
from provenance.formats.onnx import GRAPH, entry
from provenance.formats.protobuf import BYTES, FIXED32, VARINT, Messages, varint
from provenance.formats.window import Bytes, Window

MAX_NAME = 4_096
MAX_INPUTS = 64
MAX_DIMENSIONS = 16
MAX_TENSORS = 1_000_000
TYPES: Mapping[int, tuple[str, int]] = {
    1: ("F32", 32),
    2: ("U8", 8),
    3: ("I8", 8),
    5: ("I16", 16),
    6: ("I32", 32),
    7: ("I64", 64),
    10: ("F16", 16),
    11: ("F64", 64),
    16: ("BF16", 16),
    17: ("F8_E4M3", 8),
    18: ("F8_E4M3FNUZ", 8),
    19: ("F8_E5M2", 8),
    20: ("F8_E5M2FNUZ", 8),
    24: ("F8_E8M0", 8),
}
"""TensorProto.DataType in the words of safetensors, and the bits of one element."""
IN_PLACE: Mapping[int, int] = {4: 1, 9: 0, 10: 11}
"""The fields that hold data as they lie in memory: raw_data, or floats of the type named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialiser:
    """One tensor: bytes `begin` to `end` of the model, or of the `location` beside it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    location: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operation; `transposed` says that a Gemm has the outputs of its weight first."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    transposed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The initialisers and nodes of a graph, in its order."""

    initialisers: tuple[Initialiser, ...]
    nodes: tuple[Node, ...]


def graph(stream: Bytes, size: int) -> Graph:
    """The graph of a ModelProto of so many bytes; Malformed for what is none, or too much of it."""
    return _Reader(Window(stream, size)).model(size)


@dataclass(slots=True)
class _Tensor:
    name: str = ""
    dims: list[int] = field(default_factory=list)
    type: int = 0
    data: tuple[int, int, int] = (0, 0, 0)
    external: dict[bytes, bytes] = field(default_factory=dict)


class _Reader:
    def __init__(self, window: Window) -> None:
        self._window = window
        self._messages = Messages(window)
        self._tensors: list[Initialiser] = []
        self._nodes: list[Node] = []

    def model(self, end: int) -> Graph:
        for number, wire, value in self._messages.fields(end):
            if wire == BYTES and number == GRAPH:
                self._graph(self._window.position + value)
            elif wire == BYTES:
                self._window.skip(value)
        return Graph(initialisers=tuple(self._tensors), nodes=tuple(self._nodes))

    def _graph(self, end: int) -> None:
        for number, wire, value in self._messages.fields(end):
            if wire != BYTES:
                continue
            inner = self._window.position + value
            if number == 1:
                self._nodes.append(self._node(inner))
            elif number == 5:
                self._add(self._tensor(inner))
            else:
                self._window.skip(value)
        if len(self._tensors) > MAX_TENSORS:
            raise Malformed(f"more than {MAX_TENSORS} initialisers", slug="limit")

    def _node(self, end: int) -> Node:
        texts: dict[int, list[str]] = {1: [], 2: [], 3: [], 4: []}
        transposed = False
        for number, wire, value in self._messages.fields(end):
            if wire != BYTES:
                continue
            if number in texts and len(texts[number]) < MAX_INPUTS:
                texts[number].append(self._text(value))
            elif number == 5:
                transposed |= self._attribute(self._window.position + value) == ("transB", 1)
            else:
                self._window.skip(value)
        return Node(
            name="".join(texts[3][-1:]),
            operator="".join(texts[4][-1:]),
            inputs=tuple(texts[1]),
            outputs=tuple(texts[2]),
            transposed=transposed,
        )

    def _attribute(self, end: int) -> tuple[str, int]:
        name, number = "", 0
        for key, wire, value in self._messages.fields(end):
            if key == 1 and wire == BYTES:
                name = self._text(value)
            elif key == 3 and wire == VARINT:
                number = value
            elif wire == BYTES:
                self._window.skip(value)
        return name, number

    def _tensor(self, end: int) -> _Tensor:
        found = _Tensor()
        for number, wire, value in self._messages.fields(end):
            if wire == VARINT and number == 1:
                found.dims.append(value)
            elif wire == VARINT and number == 2:
                found.type = value
            elif wire == FIXED32 and number in IN_PLACE:
                found.type = 0  # one number of a list that is not packed: nowhere in one piece
            elif wire == BYTES:
                self._within(found, number, value)
            if len(found.dims) > MAX_DIMENSIONS:
                raise Malformed(f"more than {MAX_DIMENSIONS} dimensions", slug="limit")
        return found

    def _within(self, found: _Tensor, number: int, length: int) -> None:
        begin = self._window.position
        if number == 1:
            while self._window.position < begin + length:
                found.dims.append(varint(self._window))
        elif number == 8:
            found.name = self._text(length)
        elif number == 13:
            key, value = entry(self._messages, self._window, begin + length)
            found.external[key] = value
        else:
            if number in IN_PLACE and length:
                found.data = number, begin, begin + length
            self._window.skip(length)

    def _add(self, one: _Tensor) -> None:
        if one.type not in TYPES:
            return
        dtype, bits = TYPES[one.type]
        size = prod(one.dims) * bits // 8
        number, begin, end = one.data
        if one.external:
            begin, end = _span(one.external, size)
        elif number not in IN_PLACE or IN_PLACE[number] not in (0, one.type):
            return
        if end - begin != size:
            raise Malformed(
                f"{one.name[:80]!r} takes {size} bytes, found {end - begin}", slug="onnx"
            )
        self._tensors.append(
            Initialiser(
                name=one.name,
                dtype=dtype,
                shape=tuple(one.dims),
                location=one.external.get(b"location", b"").decode("utf-8", "replace"),
                begin=begin,
                end=end,
            )
        )

    def _text(self, length: int) -> str:
        if length > MAX_NAME:
            raise Malformed(f"a name of {length} bytes", slug="limit")
        return self._window.take(length).decode("utf-8", "replace")


def _span(external: Mapping[bytes, bytes], size: int) -> tuple[int, int]:
    """Where external data lie: at `offset`, and `length` long if that is said."""
    begin = _number(external.get(b"offset", b"0"))
    return begin, begin + _number(external.get(b"length", b"%d" % size))


def _number(text: bytes) -> int:
    if not text.isdigit() or len(text) > 18:
        raise Malformed(f"{text[:40]!r} found, expected a place in a file", slug="onnx")
    return int(text)
