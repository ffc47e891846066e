"""The header of a GGUF file, versions 2 and 3, little-endian (ggml's docs/gguf.md)."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from provenance.errors import Malformed

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
MAX_DIMENSIONS = 4
MAX_DEPTH = 4
MAX_ITEMS = 10_000_000
MAX_U64 = 2**64 - 1

STRING, ARRAY, BOOL = 8, 9, 7
SCALARS: Mapping[int, str] = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    BOOL: "B",
    10: "Q",
    11: "q",
    12: "d",
}
"""The struct format of each scalar value type."""

BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
}
"""Elements and bytes of one block of each tensor type whose size is settled."""

NAMES: Mapping[int, str] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    15: "Q8_K",
    16: "IQ2_XXS",
    17: "IQ2_XS",
    18: "IQ3_XXS",
    19: "IQ1_S",
    20: "IQ4_NL",
    21: "IQ3_S",
    22: "IQ2_S",
    23: "IQ4_XS",
    24: "I8",
    25: "I16",
    26: "I32",
    27: "I64",
    28: "F64",
    29: "IQ1_M",
    30: "BF16",
    34: "TQ1_0",
    35: "TQ2_0",
    39: "MXFP4",
}
"""What ggml calls these types."""

Value = str | int | float | bool | tuple["Value", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor: `offset` counts from the start of the data."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says of itself; the data begin at `begin`."""

    version: int
    metadata: tuple[tuple[str, Value], ...]
    tensors: tuple[Tensor, ...]
    begin: int


def parse(head: bytes, size: int) -> Header:
    """The header of a file of `size` bytes that begins with `head`.

    Afterwards keys and tensor names are unique, tensors lie aligned within the file and, where the
    size of their type is known, without overlap, hole or bytes behind the last. Raises Malformed:
    slug `header-cut` when `head` ends before the header does, else one that names the reason.
    """
    reader = _Reader(head, size)
    version = _version(reader)
    tensors, pairs = reader.count(24, "tensors"), reader.count(13, "metadata")
    metadata = _metadata(reader, pairs)
    table = tuple(_tensor(reader) for _ in range(tensors))
    if len({tensor.name for tensor in table}) != len(table):
        raise Malformed("two tensors of one name", slug="duplicate-tensor")
    alignment = _alignment(metadata)
    begin = -(-reader.position // alignment) * alignment
    _place(table, size - begin, alignment)
    return Header(version=version, metadata=tuple(metadata.items()), tensors=table, begin=begin)


class _Reader:
    """Reads forwards through the part of a file that is here, bounded by what the file can hold."""

    def __init__(self, head: bytes, size: int) -> None:
        self._head = head
        self._size = size
        self._items = 0
        self.position = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > self._size:
            raise Malformed(f"{count} bytes at {self.position} pass the end", slug="truncated")
        if end > len(self._head):
            raise Malformed(f"the header goes on behind {len(self._head)} bytes", slug="header-cut")
        data = self._head[self.position : end]
        self.position = end
        return data

    def number(self, form: str) -> int | float:
        form = "<" + form
        value: int | float = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def whole(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def count(self, least: int, what: str) -> int:
        """A count of things that take `least` bytes each; all counts together are bounded."""
        count = self.whole(8)
        if count * least > self._size - self.position:
            raise Malformed(f"{count} {what} cannot fit into the file", slug="count")
        self._items += count
        if self._items > MAX_ITEMS:
            raise Malformed(f"more than {MAX_ITEMS} values", slug="count")
        return count

    def text(self) -> str:
        length = self.whole(8)
        if length > self._size - self.position:
            raise Malformed(f"text of {length} bytes cannot fit into the file", slug="count")
        # Vocabularies hold pieces of characters: what is not UTF-8 is kept, not refused.
        return self.take(length).decode("utf-8", "surrogateescape")


def _version(reader: _Reader) -> int:
    if reader.take(4) != MAGIC:
        raise Malformed("no GGUF magic", slug="magic")
    version = reader.whole(4)
    if version not in VERSIONS:
        raise Malformed(f"version {version}, expected 2 or 3, little-endian", slug="version")
    return version


def _metadata(reader: _Reader, count: int) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for _ in range(count):
        key = reader.text()
        if key in values:
            raise Malformed(f"the key {key[:80]!r} stands twice", slug="duplicate-key")
        values[key] = _value(reader, reader.whole(4), 0)
    return values


def _value(reader: _Reader, kind: int, depth: int) -> Value:
    if kind == STRING:
        return reader.text()
    if kind == ARRAY:
        return _array(reader, depth + 1)
    if kind not in SCALARS:
        raise Malformed(f"value type {kind} is not known", slug="value-type")
    number = reader.number(SCALARS[kind])
    if kind != BOOL:
        return number
    if number not in (0, 1):
        raise Malformed(f"{number} is neither true nor false", slug="value")
    return number == 1


def _array(reader: _Reader, depth: int) -> tuple[Value, ...]:
    if depth > MAX_DEPTH:
        raise Malformed("arrays nested too deep", slug="nesting")
    kind = reader.whole(4)
    width = struct.calcsize("<" + SCALARS[kind]) if kind in SCALARS else 8
    count = reader.count(width, "values")
    if kind in SCALARS and kind != BOOL:
        form = f"<{count}{SCALARS[kind]}"
        return struct.unpack(form, reader.take(count * width))
    return tuple(_value(reader, kind, depth) for _ in range(count))


def _tensor(reader: _Reader) -> Tensor:
    name = reader.text()
    dimensions = reader.whole(4)
    if dimensions > MAX_DIMENSIONS:
        raise Malformed(f"{name[:80]!r} has {dimensions} dimensions", slug="shape")
    shape = tuple(reader.whole(8) for _ in range(dimensions))
    return Tensor(name=name, shape=shape, type=reader.whole(4), offset=reader.whole(8))


def _alignment(metadata: Mapping[str, Value]) -> int:
    value = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise Malformed("general.alignment is not a positive number", slug="alignment")
    if value & (value - 1):
        raise Malformed(f"general.alignment {value} is not a power of two", slug="alignment")
    return value


def _place(tensors: tuple[Tensor, ...], available: int, alignment: int) -> None:
    position = 0
    settled = True
    for tensor in sorted(tensors, key=lambda tensor: tensor.offset):
        label = repr(tensor.name[:80])
        if tensor.offset % alignment:
            raise Malformed(f"{label} at {tensor.offset} is not aligned", slug="alignment")
        if tensor.offset < position:
            raise Malformed(f"{label} at {tensor.offset} overlaps another", slug="overlap")
        if settled and tensor.offset - position >= alignment:
            raise Malformed(f"a hole between {position} and {tensor.offset}", slug="hole")
        position = tensor.offset + _bytes_of(tensor, label)
        settled = tensor.type in BLOCKS
        if position > available:
            raise Malformed(f"{label} ends at {position} of {available} bytes", slug="truncated")
    if settled and available - position >= alignment:
        raise Malformed(
            f"{available - position} bytes follow the last tensor", slug="trailing-bytes"
        )


def _bytes_of(tensor: Tensor, label: str) -> int:
    elements = math.prod(tensor.shape)
    if elements > MAX_U64:
        raise Malformed(f"{label}: shape {tensor.shape} overflows", slug="overflow")
    block, width = BLOCKS.get(tensor.type, (1, 0))
    row = tensor.shape[0] if tensor.shape else 1
    if row % block:
        raise Malformed(f"{label}: rows of {row} are not whole blocks of {block}", slug="shape")
    return elements // block * width
