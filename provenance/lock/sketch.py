"""What a lockfile keeps of the tensors of a model whose bytes were read: enough to know a copy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from provenance.lock.model import Lock
from provenance.model import TensorDigest
from provenance.weights.ledger import Known, Ledger, is_large

MOST, FEWEST = 8, 2
"""Tensors: as many stand in a sketch, and as many at least tell anything."""
DIGITS = 16
ALL = "all:"
"""Before the digest of all openings, which only a copy has; behind it stand the least of them."""


def sketch_of(tensors: Iterable[TensorDigest]) -> tuple[str, ...]:
    """The digest of the openings of all large tensors, and the least of those; nothing where there
    are too few. Whatever files, names and types the tensors have, it is the same."""
    openings = sorted({one.opening for one in tensors if is_large(one)})
    if len(openings) < FEWEST:
        return ()
    whole = hashlib.sha256("\n".join(openings).encode()).hexdigest()
    return (f"{ALL}{whole[:DIGITS]}", *(one[:DIGITS] for one in openings[:MOST]))


def marks(tensors: Iterable[TensorDigest]) -> frozenset[str]:
    """What may stand in the sketch of a model that has some of these tensors."""
    return frozenset(one.opening[:DIGITS] for one in tensors if is_large(one))


def openings_in(sketch: Sequence[str]) -> frozenset[str]:
    """The openings that a sketch has."""
    return frozenset(one for one in sketch if not one.startswith(ALL))


def known_of(ledgers: Iterable[Ledger], lock: Lock | None) -> Known | None:
    """What ledgers are made for where these are known; None where nobody would look at one."""
    openings = frozenset(entry.opening for ledger in ledgers for entry in ledger.entries)
    sketched = lock is not None and any(entry.tensors for entry in lock.models())
    return Known(openings=openings) if openings or sketched else None
