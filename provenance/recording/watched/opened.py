"""What was opened, as values: each file once, by which ways it was seen, and as it was then."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from provenance.recording.stamp import Stamp


class Way(StrEnum):
    """How it is known that a file was opened, or changed."""

    HOOK = "python"
    INOTIFY = "inotify"
    DISK = "disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that was opened to be read, by its absolute path; `stamp` is of when it was seen."""

    path: str
    stamp: Stamp
    ways: frozenset[Way]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that was seen: the files by path, and what kept others from being seen.

    Each of `unclear` are the names of models of which one was opened, and nothing tells which.
    """

    files: Mapping[str, Opened] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    unclear: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, opened: Iterable[Opened], gaps: Iterable[str] = ()) -> Seen:
        """What several ways saw, together: the first stamp of each file counts."""
        files: dict[str, Opened] = {}
        for one in opened:
            path = canonical(one.path)
            known = files.get(path)
            stamp, ways = (known.stamp, known.ways) if known else (one.stamp, frozenset())
            files[path] = Opened(path=path, stamp=stamp, ways=ways | one.ways)
        return cls(files=files, gaps=tuple(dict.fromkeys(gaps)))

    def moved(self, paths: Collection[str]) -> Iterator[str]:
        """Those of the paths whose files are no longer what was opened."""
        for path in sorted(paths):
            known = self.files.get(path)
            if known and Stamp.of(path) != known.stamp:
                yield path


def canonical(path: str) -> str:
    """The path with the links of its folders followed: its last part is the file's own name, as a
    snapshot of the Hub cache has it."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)
