"""The lockfile: which bytes were judged, and by what. Nothing here does I/O."""

from provenance.lock.entry import (
    Accepted,
    Entry,
    Floor,
    Lock,
    LockedFinding,
    LockedParent,
    LockedSigner,
    Part,
)

__all__ = [
    "Accepted",
    "Entry",
    "Floor",
    "Lock",
    "LockedFinding",
    "LockedParent",
    "LockedSigner",
    "Part",
]
