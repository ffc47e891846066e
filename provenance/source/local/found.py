"""Models where programs keep them: the snapshots of the Hub's cache, and Ollama's store."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from provenance.errors import SourceError
from provenance.model import Ref
from provenance.names import is_repo
from provenance.source.layout import COMMIT, Layout, layout, written
from provenance.source.limits import DEFAULT
from provenance.source.local import ollama

CACHED, SNAPSHOTS, CACHE_BLOBS = "models--", "snapshots", "blobs"
NO_SNAPSHOT = "no snapshot lies in it: nothing that was downloaded has a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """A model on this machine, or what could not be looked at, for the reason `unread`.

    `place` is its folder, of a model in a store the manifest; of weights that lie loose beside
    others, the first of the `loose` names. `lying` are its files where they are not those of the
    folder, `stated` their SHA-256 as the store has them. `words` are what to verify it by.
    """

    name: str
    place: Path
    ref: Ref
    words: tuple[str, ...]
    lying: Layout | None = None
    stated: Mapping[str, str] = field(default_factory=dict)
    unread: str = ""
    loose: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder in which its files have their paths."""
        return self.place.parent if self.loose else self.place

    @property
    def real(self) -> str:
        """Where it really lies, by whatever links it was found: no other model has the same."""
        if self.loose:
            return os.path.join(os.path.realpath(self.folder), self.place.name)
        return os.path.realpath(self.place)


def is_there(folder: Path) -> bool:
    """Whether a folder may lie there: one of which that cannot be said is looked into, and told."""
    try:
        return stat.S_ISDIR(os.stat(folder).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def cached_in(folder: Path) -> Iterator[Lying]:
    """Every snapshot of a model in the Hub's cache, whole or not."""
    try:
        named = (place for place in folder.iterdir() if place.name.startswith(CACHED))
        found = sorted(place for place in named if os.path.isdir(place))
    except OSError as error:
        yield closed(folder, error)
        return
    for place in found:
        yield from snapshots_of(place)


def pulled_in(store: Path) -> Iterator[Lying]:
    """Every model in a store of Ollama's."""
    try:
        for tag in ollama.tags(store):
            yield _tagged(store, tag)
    except OSError as error:
        yield closed(store / ollama.MANIFESTS, error)


def is_cached(folder: Path) -> bool:
    """Whether a folder is that of a model in the Hub's cache."""
    inner = (folder / SNAPSHOTS, folder / CACHE_BLOBS)
    return folder.name.startswith(CACHED) and any(map(os.path.isdir, inner))


def closed(folder: Path, error: OSError) -> Lying:
    """A folder that could not be looked into."""
    return unread(folder, f"{error.strerror or error}: mend its permissions")


def unread(folder: Path, reason: str) -> Lying:
    """What could not be looked at in a folder, for this reason."""
    text = written(str(folder))
    return Lying(name=text, place=folder, ref=Ref(text=text), words=(str(folder),), unread=reason)


def snapshots_of(folder: Path) -> Iterator[Lying]:
    """Every snapshot of a repository in the Hub's cache, whole or not."""
    named = folder.name.removeprefix(CACHED).replace("--", "/")
    repo = named if is_repo(named) else None
    try:
        found = sorted(item for item in (folder / SNAPSHOTS).iterdir() if item.is_dir())
    except FileNotFoundError:
        found = []
    except OSError as error:
        yield closed(folder, error)
        return
    for place in found:
        commit = place.name if COMMIT.fullmatch(place.name) else None
        name = f"{written(named)}@{written(place.name)}"
        ref = Ref(text=name if repo else written(str(place)), repo=repo, commit=commit)
        words = (str(place), *(("--as", repo) if repo else ()))
        yield Lying(name=name, place=place, ref=ref, words=words)
    if not found and _holds_something(folder / CACHE_BLOBS):
        yield unread(folder, NO_SNAPSHOT)


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
    if one.lying is not None:
        return one.lying
    found = layout(one.folder, DEFAULT.entries)
    if not one.loose:
        return found
    return replace(
        found,
        entries=tuple(entry for entry in found.entries if entry.path in one.loose),
        observations=tuple(seen for seen in found.observations if seen.path in one.loose),
    )


def lacking(one: Lying, laid: Layout) -> frozenset[str]:
    """The paths of files that are meant to lie there and were not downloaded."""
    if one.lying is not None:
        return frozenset(seen.path for seen in laid.observations if seen.code == ollama.LACKING)
    links = (seen.path for seen in laid.observations if seen.code == "symlink")
    return frozenset(path for path in links if not os.path.exists(one.folder / path))
