"""The ledger of a directory on its own."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from provenance.model import TensorDigest
from provenance.weights.ledger import OPENING, Ledger
from provenance.weights.stored import Reader, Stored
from provenance.weights.values import DECODERS, canonical, decoded


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
