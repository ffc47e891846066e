"""A folder that stands for a store: listed as any directory is, read as it was listed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from provenance.errors import NO_REVISION, Absent, SourceError
from provenance.model import File, Manifest, Ref
from provenance.source import directory
from provenance.source.layout import FILE_FLAGS, Layout, layout
from provenance.source.remote.budget import RequestBudget
from provenance.source.remote.listed import Listed, revision_of
from provenance.source.remote.store import Opened, StoreOptions
from provenance.source.remote.stored import StoredRelease

CHUNK = 1 << 20
SCHEME = "file://"
MOVED = "files were changed, added or removed (`provenance update` shows what)"
Stamp = tuple[int, int]
"""The size of a file, and when it was last written, in nanoseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a folder, each as it was when it was listed."""

    places: Mapping[str, str]
    stamps: Mapping[str, Stamp]

    def span(self, entry: Listed, start: int, end: int) -> bytes:
        """By one read."""
        with self._opened(entry) as stream:
            stream.seek(start)
            return stream.read(max(0, end - start))

    def chunks(self, entry: Listed) -> Iterator[bytes]:
        """As it is read."""
        with self._opened(entry) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk

    @contextmanager
    def _opened(self, entry: Listed) -> Iterator[BinaryIO]:
        place = self.places[entry.path]
        try:
            with os.fdopen(os.open(place, FILE_FLAGS), "rb") as stream:
                if _stamp(os.fstat(stream.fileno())) != self.stamps.get(entry.path):
                    raise SourceError(f"{place}: it was changed since it was listed: run it again")
                yield stream
        except OSError as error:
            raise SourceError(f"{place}: {error.strerror or error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStore:
    """A folder by its `file:///` address."""

    source: str
    folder: Path
    options: StoreOptions
    _measured: dict[str, Manifest] = field(default_factory=dict)

    def opened(self, revision: str | None) -> Opened:
        """What lies there now; its revision is a digest of names, sizes and times of writing.

        A revision that is known is there too where only the times are others: every byte is hashed
        to tell, and the digests are then stated of today's revision.
        """
        if self.folder.is_file():
            message = f"expected a folder, found a file: type {self.folder} without file://"
            raise SourceError(f"{self.source}: {message}")
        found = layout(self.folder, self.options.limits.entries)
        stamps = {entry.path: stamp_of(entry.place) for entry in found.entries}
        rows = sorted((path, *stamp) for path, stamp in stamps.items())
        own = revision_of(rows)
        if not rows and not found.observations:
            raise Absent(f"{self.source}: nothing lies there")
        known = [] if own in self.options.known else list(self._equal(own, stamps))
        if revision not in (None, own, *known):
            moved = f"{MOVED}: {own} lies there now in place of {revision}"
            raise Absent(f"{self.source}: {moved}", code=NO_REVISION)
        is_own = revision in (None, own) and own in self._measured
        made = self._opened(found, stamps, self._measured[own].by_path if is_own else {})
        return replace(made, revision=revision or own, now=own)

    def _equal(self, own: str, stamps: Mapping[str, Stamp]) -> Iterator[str]:
        """The known revisions whose bytes are those of today's."""
        for revision, known in self.options.known.items():
            sizes = {file.path: file.size for file in known.files.files}
            if any(stamps.get(path, (-1, 0))[0] != size for path, size in sizes.items()):
                continue
            if own not in self._measured:
                ref, progress = Ref(text=self.source), self.options.progress
                found = directory.collect(
                    self.folder, ref=ref, at=datetime.now(UTC), progress=progress
                )
                self._measured[own] = found.listing
            if self._measured[own].digest == known.manifest:
                yield revision

    def _opened(
        self, found: Layout, stamps: Mapping[str, Stamp], stated: Mapping[str, File]
    ) -> Opened:
        entries = tuple(
            Listed(path=path, size=size, sha256=stated[path].sha256 if path in stated else "")
            for path, (size, _) in sorted(stamps.items())
        )
        places = {entry.path: entry.place for entry in found.entries}
        release = StoredRelease(
            name=self.source,
            options=self.options,
            entries={entry.path: entry for entry in entries},
            content=Files(places=places, stamps=stamps),
            account=RequestBudget(self.options.limits),
        )
        return Opened(
            release=release,
            revision="",
            entries=entries,
            whole=not any(seen.code == "limit" for seen in found.observations),
            observations=found.observations,
        )


def stamp_of(place: str) -> Stamp:
    """The stamp of a file, which is no link; SourceError where it is not there."""
    try:
        return _stamp(os.stat(place, follow_symlinks=False))
    except OSError as error:
        raise SourceError(f"{place}: {error.strerror or error}") from None


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns


def opened(source: str, options: StoreOptions) -> FolderStore:
    """The folder that `file:///absolute/path` names."""
    folder = Path(unquote(source.removeprefix(SCHEME)))
    return FolderStore(source=source, folder=folder, options=options)
