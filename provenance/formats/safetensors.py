"""The header of a safetensors file, read more strictly than the library does.

The form is https://huggingface.co/docs/safetensors: eight bytes N, little-endian; N bytes of JSON;
the tensors, one after the other without a gap to the end of the file. Whatever is accepted here
the library accepts too; what two readers could understand differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats import json

MAX_HEADER = 100_000_000
MAX_U64 = 2**64 - 1

BITS: Mapping[str, int] = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
"""Bits of one element of each dtype (safetensors 0.8)."""

ENTRY = frozenset({"dtype", "shape", "data_offsets"})
STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor: bytes `begin` to `end` behind the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says of its tensors, in the order of their bytes; `length` is N."""

    tensors: tuple[Tensor, ...]
    metadata: tuple[tuple[str, str], ...]
    length: int


def header_length(first8: bytes) -> int:
    """N, the length of the header that its first eight bytes announce; at most 100 MB."""
    if len(first8) < 8:
        raise Malformed(f"{len(first8)} bytes, expected 8 or more", slug="header-too-small")
    length = int.from_bytes(first8[:8], "little")
    if length > MAX_HEADER:
        raise Malformed(
            f"header of {length} bytes, at most {MAX_HEADER} allowed", slug="header-too-large"
        )
    return length


def parse(head: bytes, size: int) -> Header:
    """The header of a file of `size` bytes that begins with `head`.

    Afterwards the tensors cover the file from the header's end to its own, without hole or overlap.
    Raises Malformed, whose slug names the reason: `header-cut` when it is only that `head` is too
    short for the header, which the file is long enough to hold.
    """
    if len(head) < 8 <= size:
        raise Malformed(f"{len(head)} bytes of {size} were read", slug="header-cut")
    length = header_length(head)
    if 8 + length > size:
        raise Malformed(f"header of {length} bytes in a file of {size}", slug="header-beyond-file")
    if 8 + length > len(head):
        raise Malformed(f"header of {length} bytes; {len(head) - 8} were read", slug="header-cut")
    table = _table(head[8 : 8 + length])
    metadata = _metadata(table.pop("__metadata__", None))
    tensors = sorted(
        (_tensor(name, entry) for name, entry in table.items()),
        key=lambda tensor: (tensor.begin, tensor.end),
    )
    _cover(tensors, size - 8 - length)
    return Header(tensors=tuple(tensors), metadata=metadata, length=length)


def _table(header: bytes) -> dict[str, object]:
    if not header.startswith(b"{"):
        raise Malformed(f"header begins with {header[:1]!r}, expected '{{'", slug="header-start")
    try:
        value = json.loads(header)
    except Malformed as error:
        slug = "header-json" if error.slug == "malformed" else error.slug
        raise Malformed(str(error), slug=slug) from None
    # JSON reads -0 as a whole number, the library as a fraction: no number here has a sign.
    if b"-0" in header and b"-" in STRINGS.sub(b"", header):
        raise Malformed("a negative number", slug="negative")
    if not isinstance(value, dict):
        raise Malformed("header is not an object", slug="header-json")
    return value


def _metadata(value: object) -> tuple[tuple[str, str], ...]:
    if value is None:  # as MLX writes it
        return ()
    if not isinstance(value, dict):
        raise Malformed("__metadata__ is not an object", slug="metadata")
    for key, text in value.items():
        if not isinstance(text, str):
            raise Malformed(f"__metadata__ {key[:80]!r} is not a string", slug="metadata")
    return tuple(value.items())


def _tensor(name: str, entry: object) -> Tensor:
    if not isinstance(entry, dict) or entry.keys() != ENTRY:
        raise _wrong(name, "expected dtype, shape and data_offsets alone", "entry")
    dtype = entry["dtype"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise _wrong(name, f"dtype {str(dtype)[:40]!r} is not known", "dtype")
    shape = _numbers(entry["shape"], name, "shape", "shape")
    offsets = _numbers(entry["data_offsets"], name, "data_offsets", "offsets")
    if len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _wrong(name, f"data_offsets {str(offsets)[:80]}", "offsets")
    begin, end = offsets
    expected = _bytes_of(name, dtype, shape)
    if end - begin != expected:
        takes = f"{dtype} {str(shape)[:80]} takes {expected} bytes, found {end - begin}"
        raise _wrong(name, takes, "tensor-size")
    return Tensor(name=name, dtype=dtype, shape=shape, begin=begin, end=end)


def _wrong(name: str, message: str, slug: str) -> Malformed:
    return Malformed(f"{name[:80]!r}: {message}", slug=slug)


def _numbers(value: object, name: str, what: str, slug: str) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise _wrong(name, f"{what} is not a list", slug)
    for number in value:
        if type(number) is not int:
            raise _wrong(name, f"{what} holds {str(number)[:40]}, not a whole number", slug)
        if not 0 <= number <= MAX_U64:
            raise _wrong(name, f"{what} holds {number}, outside 0 to 2^64-1", slug)
    return tuple(value)


def _bytes_of(name: str, dtype: str, shape: tuple[int, ...]) -> int:
    # Checked at every step, as the library does: [2^62, 8, 0] overflows, [0, 2^62, 8] does not.
    elements = 1
    for number in (*shape, BITS[dtype]):
        elements *= number
        if elements > MAX_U64:
            raise _wrong(name, f"{dtype} {str(shape)[:80]} overflows", "overflow")
    if elements % 8:
        raise _wrong(name, f"{elements} bits are not whole bytes", "tensor-size")
    return elements // 8


def _cover(tensors: list[Tensor], available: int) -> None:
    position = 0
    for tensor in tensors:
        if tensor.begin != position:
            slug = "hole" if tensor.begin > position else "overlap"
            raise Malformed(
                f"{tensor.name[:80]!r} begins at {tensor.begin}, expected {position}", slug=slug
            )
        position = tensor.end
    if position != available:
        slug = "trailing-bytes" if position < available else "truncated"
        raise Malformed(f"the tensors take {position} bytes, the file has {available}", slug=slug)
