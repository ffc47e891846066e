"""Memory for chunks, which the allocator keeps instead of giving it back after each."""

from __future__ import annotations

from functools import cache

import numpy as np

LARGE = 16 << 20
"""Bytes: more than all arrays of one chunk."""


@cache
def keep_freed() -> None:
    """Arrays below LARGE bytes are made of memory that was freed before, with glibc: without this
    every chunk has its pages mapped anew, which takes several times as long as its numbers.

    The first mapped block that is freed raises the threshold of mapping to its size, and that of
    giving memory back to twice as much (mallopt(3), M_MMAP_THRESHOLD). It is never written to, and
    so takes no memory itself.
    """
    np.empty(LARGE, np.uint8)
