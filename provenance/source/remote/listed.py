"""What a store states of one file, and what git and git-lfs make of bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SMALL = 1 << 20
LARGEST_PLAIN = 10 << 20
"""What a Hub keeps in git itself; a larger file is LFS, whether or not the listing says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One file of a listing: its size, the git id of its blob (of an LFS file: of its pointer)
    and its SHA-256, each as far as it is stated."""

    path: str
    size: int
    blob: str = ""
    sha256: str = ""
    lfs: bool = False


def revision_of(rows: Iterable[Sequence[object]]) -> str:
    """A revision that stands for all files of a place: a digest of what is known of each."""
    return "sha256:" + hashlib.sha256(json.dumps([*map(list, rows)]).encode()).hexdigest()


def is_small(entry: Listed) -> bool:
    """Whether it is fetched whole: LFS below 1 MiB, or what can only be a blob of git."""
    if entry.size < SMALL:
        return True
    return not entry.lfs and bool(entry.blob) and entry.size <= LARGEST_PLAIN


def blob_id(data: bytes) -> str:
    """The id that git gives to these bytes as a blob."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """The git-lfs pointer that stands for a file (git-lfs specification, v1)."""
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    ).encode()
