"""Which tensors a model holds, by their values: what moved, was renamed or re-typed stays the same.

An entry has two digests of a tensor's canonical values. Its opening is that of the first OPENING
values, and costs nothing; its digest is that of all of them, and is only made where somebody knows
the opening: what begins otherwise is another tensor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from math import prod
from pathlib import Path

from provenance.model import TensorDigest
from provenance.weights.stored import Reader, Stored
from provenance.weights.values import DECODERS, canonical, decoded

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


def ledger_of(root: Path, stored: Iterable[Stored], reader: Reader) -> Ledger:
    """The ledger of a directory, with all digests; Unreadable where bytes cannot be had."""
    entries = []
    for one in sorted(stored, key=lambda s: (s.path, s.name)):
        if one.dtype in DECODERS and one.size:
            values = canonical(decoded(one.dtype, reader.read(one.path, one.begin, one.end)))
            raw = values.astype("<u2").tobytes()
            opening, digest = sha256(raw[: 2 * OPENING]).hexdigest(), sha256(raw).hexdigest()
            entries.append(
                TensorDigest(
                    path=one.path,
                    name=one.name,
                    dtype=one.dtype,
                    shape=one.shape,
                    opening=opening,
                    digest=digest,
                )
            )
    return Ledger(entries=tuple(entries))
