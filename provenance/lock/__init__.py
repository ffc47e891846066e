"""The lockfile: which bytes were judged, and by what. Nothing here does I/O."""

from provenance.lock.difference import Change, difference, file_differences, nearest
from provenance.lock.floors import floor_of
from provenance.lock.memory import above, is_of, member_entry, remembered, unclaimed
from provenance.lock.model import (
    Accepted,
    Entry,
    Floor,
    Lock,
    LockedFailure,
    LockedFinding,
    LockedMember,
    LockedParent,
    LockedSigner,
    Part,
)
from provenance.lock.parser import loads
from provenance.lock.text import dumps

__all__ = [
    "Accepted",
    "Change",
    "Entry",
    "Floor",
    "Lock",
    "LockedFailure",
    "LockedFinding",
    "LockedMember",
    "LockedParent",
    "LockedSigner",
    "Part",
    "above",
    "difference",
    "dumps",
    "file_differences",
    "floor_of",
    "is_of",
    "loads",
    "member_entry",
    "nearest",
    "remembered",
    "unclaimed",
]
