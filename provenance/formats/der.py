"""DER (X.690, section 10), only as far as walking down to a field takes."""

from __future__ import annotations

from provenance.errors import Malformed

MAX_LENGTH_BYTES = 4


def children(data: bytes) -> tuple[tuple[int, bytes], ...]:
    """The values that stand one after another in `data`, each with its tag octet, or Malformed."""
    found = []
    while data:
        if len(data) < 2:
            raise Malformed("DER cut short")
        start, length = 2, data[1]
        if length & 0x80:
            count = length & 0x7F
            start += count
            length = int.from_bytes(data[2:start], "big")
            if not 1 <= count <= MAX_LENGTH_BYTES or len(data) < start or length < 0x80:
                raise Malformed("a DER length that is not the shortest")
        if len(data) < start + length:
            raise Malformed("DER cut short")
        found.append((data[0], data[start : start + length]))
        data = data[start + length :]
    return tuple(found)


def child(data: bytes, *steps: int) -> bytes:
    """The value reached by taking, level by level, the child at each of `steps`, or Malformed."""
    for step in steps:
        values = children(data)
        if not -len(values) <= step < len(values):
            raise Malformed("a DER value is missing")
        data = values[step][1]
    return data


def encoded(tag: int, value: bytes) -> bytes:
    """A value behind its tag and the shortest form of its length."""
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value
