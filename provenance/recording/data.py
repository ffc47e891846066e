"""Data sets as what a statement has of them: where they are from, and what pins their contents."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from provenance.errors import ConfigError, SourceError
from provenance.model import File, Manifest
from provenance.recording.sources import sources
from provenance.wire.descriptor import Note
from provenance.wire.training import MANIFEST, Material, MaterialKind
from provenance.workspace.materials import HUB, Desk, dataset

DATASET = MaterialKind.DATASET
MOST_FILES = 10_000
"""Files of a cache that are digested one by one."""
ASKED = re.compile(r"hf://datasets/(?P<repo>[^@/]+/[^@/]+)@(?P<commit>[0-9a-f]{40})/")
CACHED = re.compile(r"/(?P<org>[^/]+)___(?P<name>[^/]+)/[^/]+/[^/]+/(?P<commit>[0-9a-f]{40})$")
MAPPED = "cache-"
"""How a file begins that `map` wrote, beside those of the first data set that it was made of."""
IN_MEMORY = "InMemoryTable"
DEEPEST = 8
Notes = dict[str, Note]
Reader = Callable[[], tuple[Material, ...]]
"""Work that ends with what goes into a run."""


def check_named(data: Iterable[object], desk: Desk) -> None:
    """Each text is a file or folder that is there, a data set of a Hub or a URI, or ConfigError."""
    for one in data:
        if isinstance(one, str) and not os.path.lexists(desk.folder / one):
            dataset(one, desk)


def materials(
    data: Iterable[object], desk: Desk, named: Sequence[str] = ()
) -> tuple[Material, ...]:
    """What goes into a statement of each data set, with every digest that can be known here; what
    `datasets` has made from files is known by those below the desk's folder or `named`.

    Reads every byte of what is named. Raises ConfigError for what cannot be digested as a whole,
    SourceError, OSError.
    """
    return tuple(dict.fromkeys(found for one in data for found in _materials(one, desk, named)))


def _materials(data: object, desk: Desk, named: Sequence[str]) -> Iterator[Material]:
    if isinstance(data, Material):
        yield data
    elif isinstance(data, str | os.PathLike):
        text = os.fsdecode(data)
        there = os.path.lexists(desk.folder / text)
        yield on_disk(desk.folder / text, DATASET, desk) if there else dataset(text, desk)
    elif isinstance(data, Mapping):
        for part in data.values():
            yield from _materials(part, desk, named)
    elif data is not None:
        yield from _loaded(_innermost(data), desk, named)


def on_disk(place: Path, kind: str, desk: Desk) -> Material:
    """A file or folder by its digest, under its path in the desk's folder, or the last name alone
    of what lies elsewhere: no private path. Raises ConfigError, SourceError."""
    whole, top = Path(os.path.abspath(place)), Path(os.path.abspath(desk.folder))
    inside = whole.is_relative_to(top) and whole != top
    own = replace(desk, folder=top if inside else whole.parent)
    return replace(dataset(str(whole), own), kind=kind)


def _on_hub(repo: str, commit: str, notes: Notes) -> Material:
    return _material(f"{HUB}/datasets/{repo}", {"gitCommit": commit}, notes)


def _loaded(data: object, desk: Desk, named: Sequence[str]) -> Iterator[Material]:
    """A data set as `datasets` has loaded it: by the commit of its repository, or the files that it
    was made from, else by the files of its cache; of anything else what it says of itself."""
    notes, places = _said(data), _cache_files(data)
    asked = _asked(getattr(data, "info", None))
    if asked:
        yield _on_hub(*asked, notes)
        return
    mixed = "builder" not in notes
    own = [place for place in places if not (mixed and place.name.startswith(MAPPED))]
    found = {of: _from(of, notes, desk, named) for of in dict.fromkeys(one.parent for one in own)}
    for materials in found.values():
        yield from materials
    rest = [place for place in places if place not in own or not found[place.parent]]
    if rest or not places:
        yield _in_cache(rest, notes)
    if places and mixed and _is_partly_in_memory(data):
        yield _material(notes=notes)


def _from(place: Path, notes: Notes, desk: Desk, named: Sequence[str]) -> tuple[Material, ...]:
    """What `datasets` made the data set from that it keeps at a place; nothing if that is not
    known."""
    hub = CACHED.search(place.as_posix())
    if hub:
        return (_on_hub(f"{hub['org']}/{hub['name']}", hub["commit"], notes),)
    split = str(notes.get("split", ""))
    files = sources(place, desk.folder, split, named)
    try:
        read = [on_disk(file, DATASET, desk) for file in files]
    except (ConfigError, SourceError):
        return ()
    if sources(place, desk.folder, split, named) != files:
        return ()
    return tuple(
        replace(one, notes=tuple(sorted({**notes, **dict(one.notes)}.items()))) for one in read
    )


def _in_cache(places: Iterable[Path], notes: Notes) -> Material:
    files = [(place.name, place) for place in places if _exists(place)]
    if not files or len(files) > MOST_FILES:
        return _material(notes=notes)
    rows = (_file(f"{number}/{name}", place) for number, (name, place) in enumerate(files))
    digest = {"sha256": _sha256(files[0][1])} if len(files) == 1 else {MANIFEST: _digest(rows)}
    return _material(digest=digest, notes={**notes, "path": files[0][0]})


def _is_partly_in_memory(data: object) -> bool:
    """Whether some of its rows come from no file."""
    blocks = getattr(getattr(data, "data", None), "blocks", ())
    return any(type(block).__name__ == IN_MEMORY for row in blocks for block in row)


def _said(data: object) -> Notes:
    info = getattr(data, "info", None)
    found = {
        "fingerprint": getattr(data, "_fingerprint", None),
        "name": getattr(info, "dataset_name", None),
        "builder": getattr(info, "builder_name", None),
        "config": getattr(info, "config_name", None),
        "version": getattr(info, "version", None),
        "split": getattr(data, "split", None),
        "rows": getattr(data, "num_rows", None),
    }
    if info is None:
        found = {"class": f"{type(data).__module__}.{type(data).__qualname__}"}
    return {
        name: value if isinstance(value, bool | int) else str(value)
        for name, value in found.items()
        if value is not None
    }


def _innermost(data: object) -> object:
    """The data set within shards, subsets and loaders of it."""
    for _ in range(DEEPEST):
        inner = getattr(data, "dataset", None)
        if inner is None or hasattr(data, "info"):
            break
        data = inner
    return data


def _asked(info: object) -> tuple[str, str] | None:
    """The repository and the commit that the files of a data set were asked for at."""
    sums = getattr(info, "download_checksums", None)
    for url in sums if isinstance(sums, Mapping) else ():
        match = ASKED.match(str(url))
        if match:
            return match["repo"], match["commit"]
    return None


def _cache_files(data: object) -> list[Path]:
    found = getattr(data, "cache_files", None)
    names = [one.get("filename") for one in found or () if isinstance(one, Mapping)]
    return [Path(name) for name in names if isinstance(name, str)]


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except (OSError, ValueError):
        return False


def _digest(files: Iterable[File]) -> str:
    return Manifest.of(files).digest.removeprefix("sha256:")


def _file(path: str, place: Path) -> File:
    return File(path=path, size=place.stat().st_size, digest=_sha256(place))


def _sha256(place: Path) -> str:
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _material(
    uri: str = "", digest: Mapping[str, str] | None = None, notes: Notes | None = None
) -> Material:
    said = tuple(sorted((notes or {}).items()))
    return Material(kind=DATASET, uri=uri, digest=tuple((digest or {}).items()), notes=said)
