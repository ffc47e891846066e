"""Which tensors a model holds, by their values: what moved, was renamed or re-typed stays the same.

An entry has two digests of a tensor's canonical values. Its opening is that of the first OPENING
values, and costs nothing; its digest is that of all of them, and is only made where somebody knows
the opening: what begins otherwise is another tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from provenance.model import TensorDigest

OPENING = 4096
"""Values."""
LARGE = 65_536
"""Values from which on equal ones are no chance: a smaller tensor may be all zeros or ones."""


def is_large(entry: TensorDigest) -> bool:
    """Whether equal values of it mean that one is a copy of the other."""
    return prod(entry.shape) >= LARGE


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Every tensor that holds numbers, in the order of the paths and names."""

    entries: tuple[TensorDigest, ...] = ()

    @cached_property
    def openings(self) -> frozenset[str]:
        """Those of all large tensors."""
        return frozenset(entry.opening for entry in self.entries if is_large(entry))

    @cached_property
    def digests(self) -> frozenset[str]:
        """Those of all large tensors that have one."""
        return frozenset(one.digest for one in self.entries if one.digest and is_large(one))

    @cached_property
    def by_name(self) -> dict[str, TensorDigest]:
        """The tensors by their name."""
        return {entry.name: entry for entry in self.entries}


def copied(ours: Ledger, theirs: Ledger) -> tuple[TensorDigest, ...]:
    """Our large tensors that have all the values of one of theirs."""
    return tuple(e for e in ours.entries if is_large(e) and e.digest in theirs.digests)
