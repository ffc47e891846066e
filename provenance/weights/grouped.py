"""Names that differ in their numbers alone, written once: what a fingerprint's header is made of.

The tensors of a model are a few kinds times its layers. A group has the pieces of a name between
its numbers, what else its members share, and for each member its numbers, joined by full stops.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain

from provenance.errors import Malformed
from provenance.weights.roles import NUMBER, Numbers

LARGEST = 2**62
JOINED = re.compile(r"(?:\d+(?:\.\d+)*)?")


def pieces(name: str) -> tuple[tuple[str, ...], Numbers]:
    """What stands between the numbers of a name, and those."""
    return tuple(NUMBER.split(name)), tuple(NUMBER.findall(name))


def joined(parts: tuple[str, ...], numbers: Numbers) -> str:
    """The name of these pieces and numbers; Malformed where they do not fit each other."""
    if len(parts) != len(numbers) + 1:
        raise Malformed(f"{len(parts)} pieces of a name around {len(numbers)} numbers")
    return "".join(chain.from_iterable(zip(parts, (*numbers, ""), strict=True)))


def split(text: str) -> Numbers:
    """Numbers that were joined by full stops."""
    if not JOINED.fullmatch(text):
        raise Malformed(f"found {text[:40]!r}, expected numbers joined by full stops")
    return tuple(text.split(".")) if text else ()


class Fields:
    """The fields of one JSON object, each of the type that is asked for; Malformed otherwise."""

    def __init__(self, value: object, keys: frozenset[str]) -> None:
        if not isinstance(value, Mapping) or value.keys() != keys:
            found = sorted(value) if isinstance(value, Mapping) else type(value).__name__
            raise Malformed(f"found the keys {str(found)[:200]}, expected {sorted(keys)}")
        self._value = value

    def text(self, key: str) -> str:
        """A string."""
        return _text(self._value[key], key)

    def count(self, key: str) -> int:
        """A whole number, not negative."""
        return _count(self._value[key], key)

    def texts(self, key: str) -> tuple[str, ...]:
        """Strings."""
        return tuple(_text(one, key) for one in self.rows(key))

    def counts(self, key: str) -> tuple[int, ...]:
        """Whole numbers, not negative."""
        return tuple(_count(one, key) for one in self.rows(key))

    def rows(self, key: str) -> list[object]:
        """An array of anything."""
        value = self._value[key]
        if not isinstance(value, list):
            raise Malformed(f"{key}: found {type(value).__name__}, expected an array")
        return value

    def each(self, key: str, keys: frozenset[str]) -> Iterator[Fields]:
        """The fields of each object of an array."""
        for row in self.rows(key):
            yield Fields(row, keys)


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{key}: found {type(value).__name__}, expected a string")
    return value


def _count(value: object, key: str) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise Malformed(f"{key}: found {str(value)[:40]}, expected a whole number below 2^62")
    return value
