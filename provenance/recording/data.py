"""Data sets as what a statement has of them: where they are from, and what pins their contents."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from urllib.parse import quote

from provenance.errors import ConfigError
from provenance.model import File, Manifest
from provenance.names import is_repo
from provenance.wire.training import MANIFEST, Material, MaterialKind
from provenance.wire.training.step import Note

HUB = "https://huggingface.co/datasets/"
MOST_FILES = 100_000
COMMIT = re.compile(r"[0-9a-f]{40}")
ASKED = re.compile(r"hf://datasets/(?P<repo>[^@/]+/[^@/]+)@(?P<commit>[0-9a-f]{40})/")
CACHED = re.compile(
    r"/(?P<org>[^/]+)___(?P<name>[^/]+)/[^/]+/[^/]+/(?P<commit>[0-9a-f]{40})/[^/]+$"
)
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:\S+")
DEEPEST = 8
Notes = dict[str, Note]
Reader = Callable[[], tuple[Material, ...]]
"""Work that ends with what goes into a run."""


def check_named(data: Iterable[object], folder: Path) -> None:
    """Each text is a file or folder that is there, `org/name@commit` or a URI, or ConfigError."""
    for one in data:
        text = os.fspath(one) if isinstance(one, str | os.PathLike) else None
        if isinstance(text, str) and not _exists(folder / text) and _remote(text) is None:
            message = f"expected a file, a folder, org/name@commit or a URI, found {text[:80]!r}"
            raise ConfigError(message, path="datasets")


def materials(data: Iterable[object], folder: Path) -> tuple[Material, ...]:
    """What goes into a statement of each data set, with every digest that can be known here.

    Files are named by their path in `folder`, else by their last name alone. Reads every byte of
    what is named; raises OSError.
    """
    return tuple(dict.fromkeys(found for one in data for found in _materials(one, folder)))


def _materials(data: object, folder: Path) -> Iterator[Material]:
    if isinstance(data, Material):
        yield data
    elif isinstance(data, str | os.PathLike):
        text = os.fsdecode(data)
        yield _remote(text) or on_disk(folder / text, MaterialKind.DATASET, folder)
    elif isinstance(data, Mapping):
        for part in data.values():
            yield from _materials(part, folder)
    elif data is not None:
        yield _loaded(_innermost(data))


def on_disk(place: Path, kind: str, folder: Path, notes: Notes | None = None) -> Material:
    """A file by its SHA-256, a folder by the digest of its manifest; of too many files no digest.

    Links within a folder are not followed. Raises OSError.
    """
    said: Notes = dict(notes or {})
    name = quote(shown(place, folder))
    if not place.is_dir():
        return _material(kind, name, {"sha256": _sha256(place)}, said)
    files = list(_below(place))
    if len(files) > MOST_FILES:
        return _material(kind, name, {}, {**said, "files": f"more than {MOST_FILES}"})
    return _material(kind, name, {MANIFEST: _manifest(place, files)}, said)


def shown(place: Path, folder: Path) -> str:
    """The path in `folder`, or the last name alone of what lies elsewhere: no private path."""
    whole, top = os.path.abspath(place), os.path.abspath(folder)
    inside = PurePath(whole).is_relative_to(top) and whole != top
    return PurePath(whole).relative_to(top).as_posix() if inside else os.path.basename(whole)


def _remote(text: str) -> Material | None:
    """A data set of the Hub by its commit, or whatever else a URI names."""
    repo, at, commit = text.removeprefix("datasets/").partition("@")
    if is_repo(repo) and at and COMMIT.fullmatch(commit):
        return _on_hub(repo, commit, {})
    if SCHEME.fullmatch(text):
        return Material(kind=MaterialKind.DATASET, uri=text)
    return None


def _on_hub(repo: str, commit: str, notes: Notes) -> Material:
    return _material(MaterialKind.DATASET, f"{HUB}{repo}", {"gitCommit": commit}, notes)


def _loaded(data: object) -> Material:
    """A data set as `datasets` has loaded it: by the commit of its repository, else by the files of
    its cache; of anything else what it says of itself."""
    notes, places = _said(data), _cache_files(data)
    known = _asked(getattr(data, "info", None)) or _cached(places)
    if known:
        return _on_hub(*known, notes)
    files = [(place.name, place) for place in places if _exists(place)]
    if not files or len(files) > MOST_FILES:
        return _material(MaterialKind.DATASET, "", {}, notes)
    rows = (_file(f"{number}/{name}", place) for number, (name, place) in enumerate(files))
    digest = {"sha256": _sha256(files[0][1])} if len(files) == 1 else {MANIFEST: _digest(rows)}
    return _material(MaterialKind.DATASET, quote(files[0][0]), digest, notes)


def _said(data: object) -> Notes:
    info = getattr(data, "info", None)
    found = {
        "fingerprint": getattr(data, "_fingerprint", None),
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


def _cached(places: Iterable[Path]) -> tuple[str, str] | None:
    for place in places:
        match = CACHED.search(place.as_posix())
        if match:
            return f"{match['org']}/{match['name']}", match["commit"]
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


def _below(place: Path) -> Iterator[Path]:
    """The regular files below a folder, one more than are looked at at most."""
    count = 0
    for top, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            one = Path(top, name)
            if stat.S_ISREG(one.lstat().st_mode):
                yield one
                count += 1
            if count > MOST_FILES:
                return


def _manifest(place: Path, files: Iterable[Path]) -> str:
    return _digest(_file(one.relative_to(place).as_posix(), one) for one in files)


def _digest(files: Iterable[File]) -> str:
    return Manifest.of(files).digest.removeprefix("sha256:")


def _file(path: str, place: Path) -> File:
    return File(path=path, size=place.stat().st_size, digest=_sha256(place))


def _sha256(place: Path) -> str:
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _material(kind: str, uri: str, digest: Mapping[str, str], notes: Notes) -> Material:
    return Material(
        kind=kind, uri=uri, digest=tuple(digest.items()), notes=tuple(sorted(notes.items()))
    )
