"""Which tensors a model holds, by their values: what moved, was renamed or re-typed stays the same.

An entry has two digests of a tensor's canonical values. Its opening is that of the first OPENING
values, and costs nothing; its digest is that of all of them, and is only made where somebody knows
the opening: what begins otherwise is another tensor. A large tensor that begins with a few numbers
over and over (a mask, zeros) is the same in models that have nothing in common: it has no entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

from provenance.model import TensorDigest

OPENING = 4096
"""Values."""
LARGE = 65_536
"""Values from which on equal ones are no chance: a smaller tensor may be all zeros or ones."""

BUFFERS = frozenset({"inv_freq", "masked_bias", "num_batches_tracked", "position_ids"})
"""Last names of tensors that programs make anew: nothing was learnt in them."""
WHOLE = 0.99
"""Of all values: a copy may have another buffer or scale, and no other weights."""


def is_large(entry: TensorDigest) -> bool:
    """Whether equal values of it mean that one is a copy of the other."""
    return prod(entry.shape) >= LARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a ledger is made for: a tensor gets its digest where its opening is among `openings`,
    and with `everything` in any case. With neither only large tensors are looked at."""

    openings: frozenset[str] = frozenset()
    everything: bool = False

    @property
    def asks_for_all(self) -> bool:
        """Whether small tensors have an entry too."""
        return self.everything or bool(self.openings)


EVERYTHING = Known(everything=True)


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The tensors that hold numbers, in the order of the paths and names."""

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
    def large(self) -> tuple[TensorDigest, ...]:
        """Those that are large."""
        return tuple(entry for entry in self.entries if is_large(entry))

    @cached_property
    def by_name(self) -> dict[str, TensorDigest]:
        """The tensors by their name."""
        return {entry.name: entry for entry in self.entries}


def copied(ours: Ledger, theirs: Ledger) -> tuple[TensorDigest, ...]:
    """Our tensors that have all the values of one of theirs."""
    known = {entry.digest for entry in theirs.entries} - {""}
    return tuple(entry for entry in ours.entries if entry.digest in known)


def is_identical(ours: Ledger, theirs: Ledger) -> bool:
    """Whether every tensor of each but buffers stands in the other, large ones among them."""
    return any(map(is_large, ours.entries)) and all(
        len(copied(one, other)) == len(one.entries)
        for one, other in (
            (Ledger(entries=tuple(_weights(ours))), theirs),
            (Ledger(entries=tuple(_weights(theirs))), ours),
        )
    )


def _weights(ledger: Ledger) -> Iterator[TensorDigest]:
    return (one for one in ledger.entries if one.name.rpartition(".")[2] not in BUFFERS)
