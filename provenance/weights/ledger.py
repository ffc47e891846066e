"""Which tensors a model holds, by their values: what moved, was renamed or re-typed stays the same.

An entry has two digests of a tensor's canonical values. Its opening is that of the first OPENING
values, and costs nothing; its digest is that of all of them, and is only made where somebody knows
the opening: what begins otherwise is another tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

OPENING = 4096
"""Values."""
LARGE = 65_536
"""Values from which on equal ones are no chance: a smaller tensor may be all zeros or ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One tensor: SHA-256 in hex of its first canonical values and, where it was made, of all."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    opening: str
    digest: str = ""

    @property
    def size(self) -> int:
        """The number of its elements."""
        found = 1
        for length in self.shape:
            found *= length
        return found


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Every tensor that holds numbers, in the order of the names."""

    entries: tuple[Entry, ...] = ()

    @cached_property
    def openings(self) -> frozenset[str]:
        """Those of all large tensors."""
        return frozenset(entry.opening for entry in self.entries if entry.size >= LARGE)

    @cached_property
    def digests(self) -> frozenset[str]:
        """Those of all large tensors that have one."""
        return frozenset(e.digest for e in self.entries if e.digest and e.size >= LARGE)

    @cached_property
    def by_name(self) -> dict[str, Entry]:
        """The tensors by their name."""
        return {entry.name: entry for entry in self.entries}
