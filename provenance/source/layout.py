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
from itertools import islice
from pathlib import Path

from provenance.errors import Malformed, SourceError
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.formats.names import BOOKKEEPING
from provenance.model import Observation

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
SNAPSHOT = re.compile(r"(?:models|datasets|spaces|kernels)--[^/]+")
COMMIT = re.compile("[0-9a-f]{40}")
SHARED_BLOB = re.compile("([0-9a-f]{2})/(\\1[0-9a-f]{62})")
SHARED_MARKER = ".huggingface-shared-blobs"
MAX_BOOKKEEPING = 4096
MAX_TREE = 16 << 20
# What huggingface_hub writes there (`_local_folder.py`, `_tree_cache.py`), name and content.
TREE = re.compile(r"trees/[0-9a-f]{40}\.json")
NUMBER = rb"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
SHAPES = (
    (r"\.gitignore", rb"\*\n?"),
    (r"\.gitignore\.lock", rb""),
    (r"CACHEDIR\.TAG", rb"Signature: 8a477f597d28d172789f06886806bc55\n(?:#[ -~\t]*\n)*"),
    (r"(?:download|upload)/.+\.lock", rb""),
    (r"download/.+\.metadata", rb"[0-9a-f]{40}\n[0-9A-Za-z:\"-]{1,200}\n" + NUMBER + rb"\n?"),
    (
        r"upload/.+\.metadata",
        NUMBER + rb"\n[0-9]+\n[01]?\n(?:[0-9a-f]{64})?\n(?:regular|lfs)?\n(?:[0-9a-f]{40,64})?\n"
        rb"[01]\n[01]\n",
    ),
)


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


def layout(folder: Path, most: int) -> Layout:
    """What lies in `folder`, as far as its first `most` names; SourceError if it cannot be listed.

    Observations: `symlink`, `special-file`, `unreadable`, `name` for one that is not UTF-8, and
    `limit` where there is more.
    """
    root = os.path.realpath(folder)
    entries: list[Entry] = []
    seen: list[Observation] = []
    try:
        os.close(os.open(root, FOLDER_FLAGS))
    except OSError as error:
        raise SourceError(
            f"{folder}: {error.strerror or error}: name a folder or a file that you may read"
        ) from None
    for found in _walk(root, _cache_of(root), most):
        if isinstance(found, Entry):
            entries.append(found)
        else:
            seen.append(found)
    name = os.path.basename(root)
    commit = name if _cache_of(root) and COMMIT.fullmatch(name) else None
    return Layout(entries=tuple(entries), observations=tuple(seen), commit=commit)


def beside(folder: Path, name: str) -> Entry | Observation | None:
    """What lies at a name in `folder`, if anything does; a link is followed as in `layout`."""
    root = os.path.realpath(folder)
    place = os.path.join(root, name)
    try:
        mode = os.lstat(place).st_mode
    except OSError:
        return None
    return _entry(name, place, mode, _cache_of(root))


def small(place: str, most: int) -> bytes | None:
    """The bytes of a regular file of at most that size, reached through no link, or None."""
    try:
        with os.fdopen(os.open(place, FILE_FLAGS), "rb") as stream:
            regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
            data = stream.read(most + 1) if regular else None
    except OSError:
        return None
    return data if data is not None and len(data) <= most else None


def _cache_of(root: str) -> str | None:
    """The repository folder of the Hub cache that `root` is a snapshot of."""
    snapshots = os.path.dirname(root)
    repository = os.path.dirname(snapshots)
    known = os.path.basename(snapshots) == "snapshots"
    return repository if known and SNAPSHOT.fullmatch(os.path.basename(repository)) else None


def _walk(root: str, cache: str | None, most: int) -> Iterator[Entry | Observation]:
    folders = [("", root)]
    left = most
    while folders:
        inner, place = folders.pop()
        try:
            items = _items(place, left + 1)
        except OSError as error:
            yield _seen("unreadable", inner or "./", f"{error.strerror or error}: mend it")
            continue
        left -= len(items)
        if left < 0:
            yield _seen("limit", "", f"more than {most} names: verify a smaller folder")
            return
        for name, mode in items:
            path, below = inner + written(name), os.path.join(place, name)
            yield from garbled(path, name)
            if path == ".git" and (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                continue
            if stat.S_ISDIR(mode):
                folders.append((path + "/", below))
            elif not (stat.S_ISREG(mode) and _is_bookkeeping(path, below)):
                yield _entry(path, below, mode, cache)


def _items(place: str, most: int) -> list[tuple[str, int]]:
    """The names in a folder, which is not reached through a link, and what each of them is."""
    folder = os.open(place, FOLDER_FLAGS)
    try:
        with os.scandir(folder) as found:
            return [
                (item.name, item.stat(follow_symlinks=False).st_mode)
                for item in islice(found, most)
            ]
    finally:
        os.close(folder)


def written(name: str) -> str:
    """The name as text; bytes that are not UTF-8 stay visible as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def garbled(path: str, name: str) -> Iterator[Observation]:
    """That the bytes of a name are not UTF-8, if so; `path` is how it is written."""
    try:
        os.fsencode(name).decode("utf-8")
    except UnicodeDecodeError:
        yield _seen("name", path, f"the name '{path}' is not UTF-8: rename or remove it")


def _entry(path: str, place: str, mode: int, cache: str | None) -> Entry | Observation:
    if stat.S_ISLNK(mode):
        try:
            blob = _blob(place, cache)
            target = written(os.readlink(place))
        except OSError:
            return _seen("changed", path, "it changed while it was read: verify a copy at rest")
        if blob:
            return Entry(path=path, place=blob)
        return _seen("symlink", path, f"a link to {target!r}{_led(place, cache)}")
    if not stat.S_ISREG(mode):
        return _seen("special-file", path, "neither a file nor a folder: remove it")
    return Entry(path=path, place=place)


def _led(link: str, cache: str | None) -> str:
    """Where a link that is not followed leads, and what to do."""
    if not os.path.exists(link):
        lost = cache is not None and os.path.dirname(_target(link)) == os.path.join(cache, "blobs")
        remedy = "download the model again" if lost else "remove it, or put the file in its place"
        return f" leads to nothing: {remedy}"
    return ", and links are not followed, wherever they lead: put the file itself in its place"


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
        if small(os.path.join(store, SHARED_MARKER), MAX_BOOKKEEPING) != b"1\n":
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


def _is_bookkeeping(path: str, place: str) -> bool:
    """Whether a file below `.cache/huggingface/` is what a download leaves there, to the letter."""
    inner = path.removeprefix(BOOKKEEPING)
    if inner == path:
        return False
    tree = TREE.fullmatch(inner) is not None
    data = small(place, MAX_TREE if tree else MAX_BOOKKEEPING)
    if data is None:
        return False
    return _is_tree(data) if tree else _has_shape(inner, data)


def _has_shape(inner: str, data: bytes) -> bool:
    return any(
        re.fullmatch(name, inner, re.DOTALL) and re.fullmatch(content, data)
        for name, content in SHAPES
    )


def _is_tree(data: bytes) -> bool:
    """Whether it is a cached listing: paths with sizes and digests, and nothing else."""
    try:
        fields = Fields(json.loads(data))
        fields.whole("format_version")
        for path, value in fields.table("files").items():
            _check_listed(Fields(value, path[:80]))
        fields.end()
    except Malformed:
        return False
    return True


def _check_listed(fields: Fields) -> None:
    fields.whole("size")
    fields.hexadecimal("blob_id", 40)
    if "lfs_sha256" in fields:
        fields.hexadecimal("lfs_sha256", 64)
        fields.whole("lfs_size")
    if "xet_hash" in fields:
        fields.hexadecimal("xet_hash", 64)
    fields.end()


def _seen(code: str, path: str, detail: str) -> Observation:
    return Observation(code=code, path=path, detail=detail)
