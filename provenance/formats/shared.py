"""What was made of equal bytes, once for all who ask: pure values, and no more than fit.

Ten thousand fine-tunes of one model have the same heads. A value is kept under the digests of what
it was made of, so that it is the same whoever asked first; what cannot be read is not kept. When
the bytes that they were made of are too many, what nobody asked for longest goes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from provenance.errors import Malformed

T = TypeVar("T")
MOST = 8 << 20
"""Bytes that all values of one kind were made of; read, they take several times that."""
SHARE = 8
"""One value is made of at most this part of them, so that no file drives out all others."""


class Shared(Generic[T]):
    """Values of one kind, each frozen, by what they were made of; `made` counts how often one was.

    Several threads may ask.
    """

    def __init__(self, most: int = MOST) -> None:
        self.made = 0
        self.size = 0
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def of(self, key: Hashable, size: int, make: Callable[[], T]) -> T:
        """The value of this key, made now of `size` bytes if nobody had it made before."""
        with self._lock:
            if found := self._kept.get(key):
                self._kept.move_to_end(key)
                return found[0]
        value = make()
        with self._lock:
            self.made += 1
            if key not in self._kept and size * SHARE <= self._most:
                self._keep(key, value, size)
        return value

    def clear(self) -> None:
        """Nothing is kept."""
        with self._lock:
            self._kept.clear()
            self.size = 0

    def _keep(self, key: Hashable, value: T, size: int) -> None:
        self._kept[key] = value, size
        self.size += size
        while self.size > self._most:
            _, (_, oldest) = self._kept.popitem(last=False)
            self.size -= oldest


def or_defect(make: Callable[[], T]) -> T | Malformed:
    """What is made, or what is wrong with what it was to be made of."""
    try:
        return make()
    except Malformed as error:
        return error
