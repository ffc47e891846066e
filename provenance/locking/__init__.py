"""Between judgements and the lockfile: an entry out of a verdict, and evidence with what is locked.

Pure: which entry is meant, what it adds to evidence, and what a judged model is written as.
"""

from provenance.locking.entries import ancestor_entries, entry_of, is_complete
from provenance.locking.known import (
    bytes_may_tell,
    matching,
    narrowed,
    pins,
    unshown,
    with_known_digests,
    with_locked,
)
from provenance.locking.whole import as_proposed, kin, out_of_step, relocked, standing

__all__ = [
    "ancestor_entries",
    "as_proposed",
    "bytes_may_tell",
    "entry_of",
    "is_complete",
    "kin",
    "matching",
    "narrowed",
    "out_of_step",
    "pins",
    "relocked",
    "standing",
    "unshown",
    "with_known_digests",
    "with_locked",
]
