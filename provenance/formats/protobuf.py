"""Messages of Protocol Buffers (protobuf.dev, Encoding): their fields, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.errors import Malformed
from provenance.formats.window import Window

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_FIELDS = 3_000_000


class Messages:
    """The messages in a window, with at most MAX_FIELDS fields in all of them together."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._left = MAX_FIELDS

    def fields(self, end: int) -> Iterator[tuple[int, int, int]]:
        """Number, wire type and value of each field of the message that reaches to `end`.

        The value of BYTES is their length, and whoever is given one consumes them; those of the
        other types are read, and of a fixed width it is 0.
        """
        while self._window.position < end:
            self._left -= 1
            if self._left < 0:
                raise Malformed(f"more than {MAX_FIELDS} fields", slug="limit")
            number, wire = tag(self._window)
            value, length = _value(self._window, wire)
            if self._window.position + length > end:
                raise Malformed("a field passes the end of its message", slug="onnx")
            if wire != BYTES:
                self._window.skip(length)
            yield number, wire, value
        if self._window.position != end:
            raise Malformed("a message does not end with a field", slug="onnx")


def tag(window: Window) -> tuple[int, int]:
    """Number and wire type of the next field."""
    value = varint(window)
    if not 8 <= value < 2**32:
        raise Malformed(f"tag {value} is not a field", slug="onnx")
    return value >> 3, value & 7


def _value(window: Window, wire: int) -> tuple[int, int]:
    """The value of a field, and how many bytes of it follow."""
    match wire:
        case 0:
            return varint(window), 0
        case 1:
            return 0, 8
        case 2:
            length = varint(window)
            return length, length
        case 5:
            return 0, 4
        case _:
            raise Malformed(f"wire type {wire} is not known", slug="onnx")


def varint(window: Window) -> int:
    """The next number of a variable width."""
    value = 0
    for shift in range(0, 70, 7):
        byte = window.byte()
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise Malformed("a number of more than ten bytes", slug="onnx")
