"""The files that `datasets` made a data set from, by the name of the folder that it keeps it in.

That name has a hash over the paths of those files and when each was changed last. Files that are
here are the source where the hash over them is that name; nothing else is taken for one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from provenance.errors import Malformed, SourceError
from provenance.formats import json
from provenance.source.evidence_files import read

LIBRARY = "datasets"
INFO = "dataset_info.json"
MOST_INFO = 1 << 20
MOST_FILES = 20_000
"""Files below the working directory that are looked at."""
MOST_TRIED = 256
"""Choices of files of the right size together whose hash is made."""
MOST_SPLITS = 3
FEW = 256
"""Files among which three are looked for that are the right size together."""
SPELLED: tuple[Mapping[str, object], ...] = ({}, {"field": None})
"""What is hashed with the files: nothing by `load_dataset`, this by `Dataset.from_json`."""

Choice = Mapping[str, list[str]]
"""Paths by the split that was made of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """A data set as its folder of the cache tells of it; `size` in bytes is of all its sources."""

    name: str
    config: str
    size: int
    splits: tuple[str, ...]

    @classmethod
    def of(cls, place: Path) -> Cached | None:
        """That of a folder of the cache, or None where it does not tell."""
        try:
            said = json.loads(read(str(place / INFO), MOST_INFO))
        except (SourceError, Malformed):
            return None
        table = said if isinstance(said, dict) else {}
        size, splits, config = (table.get(k) for k in ("download_size", "splits", "config_name"))
        if not (isinstance(size, int) and isinstance(splits, dict) and isinstance(config, str)):
            return None
        named = next((one for one in place.parts[::-1] if one.startswith(f"{config}-")), None)
        return cls(name=named, config=config, size=size, splits=tuple(splits)) if named else None


def sources(place: Path, folder: Path, split: str = "") -> tuple[Path, ...]:
    """The files below `folder` from which `datasets` made what lies in its cache at `place`, as
    they were then: those of one split, if it has a split of this name. None where nothing tells."""
    known = Cached.of(place)
    if known is None or LIBRARY not in sys.modules:
        return ()
    for choice in islice(_choices(known, _sizes(folder)), MOST_TRIED):
        if known.name in _names(known.config, choice):
            chosen = choice.get(split) or [path for paths in choice.values() for path in paths]
            return tuple(map(Path, chosen))
    return ()


def _names(config: str, choice: Choice) -> Iterator[str]:
    """What the library calls its folder for these files."""
    library = sys.modules[LIBRARY]
    try:
        files = library.data_files.DataFilesDict.from_patterns(choice)
        for more in SPELLED:
            yield library.BuilderConfig(name=config).create_config_id({"data_files": files, **more})
    except Exception:
        # An older library has other words, and a file may be gone by now.
        return


def _sizes(folder: Path) -> Mapping[Path, int]:
    """The size of each regular file below a folder, without what is hidden."""
    found: dict[Path, int] = {}
    for file in islice(_files(folder), MOST_FILES):
        try:
            found[file] = file.stat().st_size
        except OSError:
            continue
    return found


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        paths = (Path(place, one) for one in sorted(names) if not one.startswith("."))
        yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _choices(known: Cached, sizes: Mapping[Path, int]) -> Iterator[Choice]:
    """Files that have the size of the sources together: one a split, or those of a folder alike."""
    fitting = {path: size for path, size in sizes.items() if size <= known.size}
    by_size: dict[int, list[Path]] = {}
    alike: dict[tuple[Path, str], list[Path]] = {}
    for path, size in fitting.items():
        by_size.setdefault(size, []).append(path)
        alike.setdefault((path.parent, path.suffix), []).append(path)
    count = len(known.splits)
    if count < MOST_SPLITS or len(fitting) < FEW:
        for paths in _each(by_size, known.size, min(count, MOST_SPLITS)):
            yield {name: [str(path)] for name, path in zip(known.splits, paths, strict=False)}
    for together in alike.values() if count == 1 else ():
        if len(together) > 1 and sum(sizes[path] for path in together) == known.size:
            yield {known.splits[0]: [str(path) for path in together]}


def _each(by_size: Mapping[int, list[Path]], total: int, count: int) -> Iterator[tuple[Path, ...]]:
    """So many files that are `total` bytes together, in every order."""
    if count < 2:
        yield from ((path,) for path in by_size.get(total, ()) if count)
        return
    for size, paths in by_size.items():
        for path in paths if size <= total else ():
            rest = _each(by_size, total - size, count - 1)
            yield from ((path, *more) for more in rest if path not in more)
