"""What was opened in the Hub's cache, by the snapshots that it stands in."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from provenance.recording.watched.opened import Opened, Seen

SNAPSHOT = re.compile(
    r"(?P<place>(?:.*/)?(?P<kind>models|datasets)--(?P<name>[^/]+)/snapshots/"
    r"(?P<commit>[0-9a-f]{40}))(?:/(?P<path>.+))?"
)
MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A repository of a Hub at one commit, where its cache has it."""

    place: str
    repo: str
    commit: str
    dataset: bool = False

    @property
    def name(self) -> str:
        """How it is named on a command line."""
        return f"{self.repo}@{self.commit}"


def snapshot_of(path: str) -> Snapshot | None:
    """The snapshot that a path is, or lies in, by its form alone."""
    found = SNAPSHOT.fullmatch(path)
    if found is None:
        return None
    return Snapshot(
        place=found["place"],
        repo=found["name"].replace("--", "/"),
        commit=found["commit"],
        dataset=found["kind"] == "datasets",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The paths in snapshots by the file that they lead to."""

    by_file: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, cache: str) -> Links:
        """Those of a Hub's cache as it is now; none where there is none."""
        found: dict[str, list[str]] = {}
        for path in islice(_snapshot_links(os.path.realpath(cache)), MOST):
            found.setdefault(os.path.realpath(path), []).append(path)
        return cls(by_file={file: tuple(paths) for file, paths in found.items()})

    def applied(self, seen: Seen) -> Seen:
        """The same, each file that only snapshots give a name to by that name.

        Of several snapshots it is the one whose own files were opened by name, else the one that
        most of what was opened is in; where that is not one, they are unclear.
        """
        blobs = {path: self.by_file[path] for path in seen.files if path in self.by_file}
        named = {one.place for path in seen.files if (one := snapshot_of(path))}
        counts = Counter(place for paths in blobs.values() for place in _places(paths))
        files: list[Opened] = [one for path, one in seen.files.items() if path not in blobs]
        unclear: dict[tuple[str, ...], None] = {}
        for path, paths in blobs.items():
            chosen = _chosen(paths, named, counts)
            if not chosen:
                unclear[tuple(sorted(o.name for p in paths if (o := snapshot_of(p))))] = None
            files += [replace(seen.files[path], path=one) for one in chosen]
        return replace(Seen.of(files, seen.gaps), unclear=tuple(unclear))


def _chosen(paths: tuple[str, ...], named: set[str], counts: Counter[str]) -> tuple[str, ...]:
    """Those of the paths that were meant; none where nothing tells."""
    by_name = tuple(path for path in paths if set(_places([path])) & named)
    if by_name:
        return by_name
    most = max(counts[place] for place in _places(paths))
    likely = [path for path in paths if counts[next(_places([path]))] == most]
    return tuple(likely) if len(set(_places(likely))) == 1 else ()


def _places(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if one := snapshot_of(path):
            yield one.place


def _snapshot_links(cache: str) -> Iterator[str]:
    try:
        repositories = [item.path for item in os.scandir(cache) if "--" in item.name]
    except OSError:
        return
    for repository in repositories:
        for folder, _, names in os.walk(os.path.join(repository, "snapshots")):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    yield path
