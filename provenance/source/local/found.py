"""Which models lie below a folder: by their weights, and by how the Hub's cache and Ollama lay
them. Names are listed, a few small files read, nothing is hashed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provenance.errors import Malformed, SourceError
from provenance.formats import json
from provenance.formats.names import is_weight_name
from provenance.model import Ref
from provenance.names import is_repo
from provenance.source.layout import COMMIT, Layout, layout, small, written
from provenance.source.limits import DEFAULT
from provenance.source.local import ollama

MOST_NAMES = 2_000_000
"""The most names that are looked at below one folder."""

CACHED, SNAPSHOTS, CACHE_BLOBS = "models--", "snapshots", "blobs"
CACHE_FOLDERS = (SNAPSHOTS, CACHE_BLOBS)
MARKERS: Mapping[str, tuple[str, ...]] = {
    "config.json": ("model_type", "architectures", "_class_name", "auto_map"),
    "model_index.json": ("_class_name",),
    "adapter_config.json": ("peft_type",),
    "modules.json": (),
    "config_sentence_transformers.json": (),
}
"""By its name a file that stands at the top of a model, and one of the keys that it then has."""

MAX_MARKER = 1 << 20
PASSED_OVER = frozenset({".git"})
NO_SNAPSHOT = "no snapshot lies in it: nothing that was downloaded has a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """A model on this machine, or what could not be looked at, for the reason `unread`.

    `place` is its folder, of a model in a store the manifest; `lying` its files where they are not
    those of the folder, `stated` their SHA-256 as the store has them. `words` are what to
    verify it by.
    """

    name: str
    place: Path
    ref: Ref
    words: tuple[str, ...]
    lying: Layout | None = None
    stated: Mapping[str, str] = field(default_factory=dict)
    unread: str = ""


def lying_in(folder: Path) -> Iterator[Lying]:
    """Every model at or below a folder, each once, in the order of paths.

    A model ends at its top: what lies below it is its own. Links to folders are followed, each
    folder is looked at once.
    """
    yield from Search().below(folder)


def cached_in(folder: Path) -> Iterator[Lying]:
    """Every snapshot of a model in the Hub's cache, whole or not."""
    try:
        found = sorted(place for place in folder.glob(CACHED + "*") if os.path.isdir(place))
    except OSError as error:
        yield _closed(folder, error)
        return
    for place in found:
        yield from _snapshots(place)


def pulled_in(store: Path) -> Iterator[Lying]:
    """Every model in a store of Ollama's."""
    try:
        for tag in ollama.tags(store):
            yield _tagged(store, tag)
    except OSError as error:
        yield _closed(store / ollama.MANIFESTS, error)


def _closed(folder: Path, error: OSError) -> Lying:
    """A folder that could not be looked into."""
    return _unread(folder, f"{error.strerror or error}: mend its permissions")


def _unread(folder: Path, reason: str) -> Lying:
    text = written(str(folder))
    return Lying(name=text, place=folder, ref=Ref(text=text), words=(str(folder),), unread=reason)


@dataclass(slots=True)
class Search:
    """A walk through folders; what was looked at is not looked at again."""

    left: int = MOST_NAMES
    seen: set[tuple[int, int]] = field(default_factory=set)

    def below(self, top: Path) -> Iterator[Lying]:
        """Every model at or below a folder."""
        todo = [top]
        while todo:
            folder = todo.pop()
            try:
                if self._again(folder):
                    continue
                files, folders = self._items(folder)
            except OSError as error:
                yield _closed(folder, error)
                continue
            if self.left < 0:
                yield _unread(folder, f"more than {MOST_NAMES} names: name smaller folders")
                return
            if (found := self._laid(folder)) is not None:
                yield from found
            elif self._is_top(folder, files, folders):
                yield _plain(folder)
            else:
                todo += [folder / name for name in reversed(folders) if name not in PASSED_OVER]

    def _again(self, folder: Path) -> bool:
        status = os.stat(folder)
        key = (status.st_dev, status.st_ino)
        known = key in self.seen
        self.seen.add(key)
        return known

    def _items(self, folder: Path) -> tuple[list[str], list[str]]:
        """The names of the files and of the folders in it, in their order."""
        files: list[str] = []
        folders: list[str] = []
        with os.scandir(folder) as found:
            for item in found:
                self.left -= 1
                (folders if _leads_to_folder(item) else files).append(item.name)
        return sorted(files), sorted(folders)

    def _laid(self, folder: Path) -> Iterator[Lying] | None:
        """The models of a folder that a program has laid out in its own way, if it is one."""
        if ollama.is_store(folder):
            return pulled_in(folder)
        if folder.name.startswith(CACHED) and any(os.path.isdir(folder / n) for n in CACHE_FOLDERS):
            return _snapshots(folder)
        return None

    def _is_top(self, folder: Path, files: list[str], folders: list[str]) -> bool:
        """Whether a model begins here: by its weights, or by what stands at the top of one."""
        if any(map(is_weight_name, files)):
            return True
        return any(_marks(folder, name) for name in files) and self._has_weights(folder, folders)

    def _has_weights(self, top: Path, folders: list[str]) -> bool:
        todo = [top / name for name in folders]
        while todo and self.left >= 0:
            folder = todo.pop()
            if folder.is_symlink():
                continue
            try:
                files, inner = self._items(folder)
            except OSError:
                return True
            if any(map(is_weight_name, files)):
                return True
            todo += [folder / name for name in inner]
        return False


def _leads_to_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:
        return False


def _marks(folder: Path, name: str) -> bool:
    """Whether a file is one that stands at the top of a model."""
    if name not in MARKERS:
        return False
    data = small(str(folder / name), MAX_MARKER)
    try:
        held = json.loads(data or b"")
    except Malformed:
        return False
    keys = MARKERS[name]
    return not keys or (isinstance(held, dict) and any(key in held for key in keys))


def _plain(folder: Path) -> Lying:
    text = written(str(folder))
    return Lying(name=text, place=folder, ref=Ref(text=text), words=(str(folder),))


def _snapshots(folder: Path) -> Iterator[Lying]:
    """Every snapshot of a repository in the Hub's cache, whole or not."""
    named = folder.name.removeprefix(CACHED).replace("--", "/")
    repo = named if is_repo(named) else None
    try:
        found = sorted(item for item in (folder / SNAPSHOTS).iterdir() if item.is_dir())
    except FileNotFoundError:
        found = []
    except OSError as error:
        yield _closed(folder, error)
        return
    for place in found:
        commit = place.name if COMMIT.fullmatch(place.name) else None
        name = f"{written(named)}@{written(place.name)}"
        ref = Ref(text=name if repo else written(str(place)), repo=repo, commit=commit)
        words = (str(place), *(("--as", repo) if repo else ()))
        yield Lying(name=name, place=place, ref=ref, words=words)
    if not found and _holds_something(folder / CACHE_BLOBS):
        yield _unread(folder, NO_SNAPSHOT)


def _holds_something(folder: Path) -> bool:
    try:
        with os.scandir(folder) as found:
            return any(stat.S_ISREG(item.stat().st_mode) for item in found)
    except OSError:
        return False


def _tagged(store: Path, tag: ollama.Tag) -> Lying:
    name, place = written(tag.name), tag.place(store)
    ref = Ref(text=name, source=written(tag.source))
    try:
        image = ollama.image(store, tag)
    except SourceError as error:
        return Lying(name=name, place=place, ref=ref, words=(name,), unread=str(error))
    return Lying(
        name=name,
        place=place,
        ref=Ref(text=name, source=ref.source, commit=image.revision),
        words=(name,),
        lying=image.lying(store),
        stated={layer.path: layer.digest for layer in image.layers},
    )


def layout_of(one: Lying) -> Layout:
    """Its files and where they are; SourceError where that cannot be listed."""
    return one.lying or layout(one.place, DEFAULT.entries)


def lacking(one: Lying, laid: Layout) -> frozenset[str]:
    """The paths of files that are meant to lie there and were not downloaded."""
    if one.lying is not None:
        return frozenset(seen.path for seen in laid.observations if seen.code == ollama.LACKING)
    links = (seen.path for seen in laid.observations if seen.code == "symlink")
    return frozenset(path for path in links if not os.path.exists(one.place / path))
