"""What lies in a folder: the files of a model, the bookkeeping beside them, and what is neither.

Known layouts: a plain folder, a snapshot of the Hub cache, a `--local-dir` download, a git
checkout. Nothing is opened here but the bookkeeping, and no link is followed but the Hub cache's
own.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import SourceError
from provenance.model import Observation

SNAPSHOT = re.compile(r"(?:models|datasets|spaces)--[^/]+")
COMMIT = re.compile("[0-9a-f]{40}")
SHARED_BLOB = re.compile("([0-9a-f]{2})/(\\1[0-9a-f]{62})")
BOOKKEEPING = ".cache/huggingface/"
MAX_BOOKKEEPING = 4096
METADATA = re.compile(rb"[0-9a-f]{40}\n[\w:\"-]{1,200}\n[0-9]+(\.[0-9]+)?\n?")
TAG = b"Signature: 8a477f597d28d172789f06886806bc55"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of the model: its path in the model, and where to open it."""

    path: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Every file found, in no order, and what was odd on the way; `commit` of a snapshot."""

    entries: tuple[Entry, ...]
    observations: tuple[Observation, ...]
    commit: str | None


def layout(folder: Path) -> Layout:
    """What lies in `folder`; SourceError if it cannot be listed at all."""
    root = os.path.realpath(folder)
    entries: list[Entry] = []
    seen: list[Observation] = []
    try:
        os.listdir(root)
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror or error}") from None
    for found in _walk(root, _cache_of(root)):
        if isinstance(found, Entry):
            entries.append(found)
        else:
            seen.append(found)
    name = os.path.basename(root)
    commit = name if _cache_of(root) and COMMIT.fullmatch(name) else None
    return Layout(entries=tuple(entries), observations=tuple(seen), commit=commit)


def _cache_of(root: str) -> str | None:
    """The repository folder of the Hub cache that `root` is a snapshot of."""
    snapshots = os.path.dirname(root)
    repository = os.path.dirname(snapshots)
    known = os.path.basename(snapshots) == "snapshots"
    return repository if known and SNAPSHOT.fullmatch(os.path.basename(repository)) else None


def _walk(root: str, cache: str | None) -> Iterator[Entry | Observation]:
    folders = [("", root)]
    while folders:
        inner, place = folders.pop()
        try:
            with os.scandir(place) as found:
                items = list(found)
        except OSError as error:
            yield _seen("unreadable", inner.rstrip("/") or ".", f"{error.strerror}: mend it")
            continue
        for item in items:
            path = inner + _text(item.name)
            if path == ".git":
                continue
            if item.is_dir(follow_symlinks=False):
                folders.append((path + "/", item.path))
            elif path.startswith(BOOKKEEPING) and _is_bookkeeping(path, item):
                continue
            else:
                yield _entry(path, item, cache)


def _text(name: str) -> str:
    """The name as text; bytes that are not UTF-8 stay visible as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _entry(path: str, item: os.DirEntry[str], cache: str | None) -> Entry | Observation:
    if item.is_symlink():
        blob = _blob(item.path, cache)
        if blob:
            return Entry(path=path, place=blob)
        target = _text(os.readlink(item.path))
        return _seen("symlink", path, f"a link to {target!r}: put the file itself in its place")
    if not item.is_file(follow_symlinks=False):
        return _seen("special-file", path, "neither a file nor a folder: remove it")
    return Entry(path=path, place=item.path)


def _blob(link: str, cache: str | None) -> str | None:
    """Where a snapshot's link leads, if into its own blobs and from there at most the store."""
    if cache is None:
        return None
    blobs = os.path.join(cache, "blobs")
    place = _target(link)
    if os.path.dirname(place) != blobs or os.path.realpath(blobs) != blobs:
        return None
    if os.path.islink(place):
        store = os.path.join(os.path.dirname(cache), "blobs")
        place = _target(place)
        if not SHARED_BLOB.fullmatch(os.path.relpath(place, store)):
            return None
        if os.path.realpath(place) != place:
            return None
    return place if _is_regular(place) else None


def _target(link: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(link), os.readlink(link)))


def _is_regular(place: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(place).st_mode)
    except OSError:
        return False


def _is_bookkeeping(path: str, item: os.DirEntry[str]) -> bool:
    """Whether a file below `.cache/huggingface/` is what a download leaves there, to the letter."""
    if not item.is_file(follow_symlinks=False) or item.stat().st_size > MAX_BOOKKEEPING:
        return False
    inner = path.removeprefix(BOOKKEEPING)
    try:
        data = Path(item.path).read_bytes()
    except OSError:
        return False
    if inner.endswith(".lock"):
        return not data
    if inner == ".gitignore":
        return data in (b"*", b"*\n")
    if inner == "CACHEDIR.TAG":
        return data.startswith(TAG) and data.isascii()
    placed = inner.startswith(("download/", "upload/")) and inner.endswith(".metadata")
    return placed and METADATA.fullmatch(data) is not None


def _seen(code: str, path: str, detail: str) -> Observation:
    return Observation(code=code, path=path, detail=detail)
