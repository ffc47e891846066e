"""What lies below a prefix of a bucket: files, a revision for them all, and earlier states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from provenance.formats.s3 import Row
from provenance.model import Observation
from provenance.source.remote.listed import revision_of

LOOKED_AT = 1_000_000
"""The most objects that are looked at, in all earlier states of a prefix, for one state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object by its path below the prefix, with its version, or else its ETag."""

    path: str
    size: int
    etag: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """The objects that are files of a model, and what is odd about the others."""

    items: tuple[Item, ...]
    observations: tuple[Observation, ...] = ()

    @property
    def revision(self) -> str:
        """A digest of all paths, with their sizes and versions or ETags."""
        rows = ((item.path, item.size, item.version or item.etag) for item in self.items)
        return revision_of(rows)

    @property
    def is_versioned(self) -> bool:
        """Whether every file can be read as it is even after it is written over."""
        return all(item.version for item in self.items)


def laid(found: Iterable[Item]) -> Laid:
    """The files among the objects, in order.

    An empty object that stands for a folder is none, also where its slash is not listed. One whose
    name no folder can hold, and one that is a file and a folder at once, is left out and told.
    """
    kept: list[Item] = []
    seen: list[Observation] = []
    for item in sorted(found, key=lambda item: item.path):
        if not item.size and (not item.path or item.path.endswith("/")):
            continue
        if set(item.path.split("/")) & {"", ".", ".."}:
            detail = "no folder can hold a file of this name: rename or remove the object"
            seen.append(Observation(code="name", path=item.path, detail=detail))
        else:
            kept.append(item)
    folders = {part for item in kept for part in _above(item.path)}
    for item in kept:
        if item.path in folders and item.size:
            detail = "an object has this name, and others lie below it: rename or remove it"
            seen.append(Observation(code="name-collision", path=item.path, detail=detail))
    items = tuple(item for item in kept if item.path not in folders)
    return Laid(items=items, observations=tuple(seen))


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def states(rows: Sequence[Row], prefix: str) -> Iterator[Laid]:
    """What lay below the prefix, from now back through every change that versions tell of.

    Times are in seconds: of what changed within one, the order of a listing says what was first.
    """
    stacks: dict[str, list[Row]] = {}
    oldest = list(reversed(rows))
    oldest.sort(key=lambda row: (row.modified, row.latest))
    for row in oldest:
        stacks.setdefault(row.key, []).append(row)
    events = [
        (row.modified, number, key)
        for key, stack in stacks.items()
        for number, row in enumerate(stack)
    ]
    most = 1 + LOOKED_AT // (1 + len(stacks))
    for _, _, key in islice(sorted(events, reverse=True), most):
        tops = (stack[-1] for stack in stacks.values() if stack)
        yield laid(item(row, prefix) for row in tops if not row.gone)
        stacks[key].pop()


def item(row: Row, prefix: str) -> Item:
    """The object of a row, by its path below the prefix."""
    path = row.key.removeprefix(prefix)
    return Item(path=path, size=row.size, etag=row.etag, version=row.version)
