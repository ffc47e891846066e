"""A folder as the place that a model is put into: made ready beside it, and moved in one step."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from provenance.errors import ConfigError, SourceError
from provenance.formats.signatures import is_evidence_name
from provenance.model import File, Manifest, Ref
from provenance.source import directory, settling
from provenance.source.folder import FolderStore, folder_of
from provenance.source.progress import Step
from provenance.source.remote.staging import FILES, held
from provenance.source.remote.store import StoreOptions
from provenance.source.remote.writer import (
    Delivered,
    Item,
    Parcel,
    altered,
    earlier,
    foreign,
    said_in,
)
from provenance.source.room import check_room
from provenance.source.together import side_by_side

AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderWriter:
    """A folder by its `file:///` address."""

    source: str
    folder: Path
    options: StoreOptions

    def deliver(self, parcel: Parcel) -> Delivered:
        """The parcel lies there in one step, or nothing does."""
        if os.path.ismount(self.folder):
            step = f"name a folder in it, as in --to {self.source.rstrip('/')}/NAME"
            raise ConfigError(
                f"is a volume of its own, to which nothing is moved: {step}", path=self.source
            )
        staging = self.folder.parent / settling.ASIDE.format(self.folder.name)
        try:
            with held(staging) as place:
                settling.restore(place, self.folder)
                try:
                    return self._delivered(parcel, place)
                finally:
                    with suppress(OSError):
                        place.rmdir()
        except OSError as error:
            raise SourceError(f"{self.source}: {error.strerror or error}") from None

    def _delivered(self, parcel: Parcel, staging: Path) -> Delivered:
        before = self._standing(parcel)
        if before is None:
            return self._lying(already=True)
        files = staging / FILES
        _emptied(files)
        check_room(parcel.name, parcel.size, files)
        self._fill(files, parcel)
        settling.mark(files, _manifest(parcel).digest)
        if before:
            settling.replace(files, self.folder, before)
        elif not settling.settle(files, self.folder):
            raise ConfigError("holds something that came there meanwhile", path=self.source)
        return self._lying()

    def _standing(self, parcel: Parcel) -> settling.Census | None:
        """What lies there and may give way; None where it is the parcel."""
        if not os.path.lexists(self.folder):
            return frozenset()
        if self.folder.is_symlink() or not self.folder.is_dir():
            raise ConfigError(
                "expected a folder, found something else: name another place", path=self.source
            )
        census = settling.census(self.folder)
        if not census:
            return frozenset()
        found = directory.collect(self.folder, ref=Ref(text=self.source), at=datetime.now(UTC))
        said = self.folder / parcel.import_name
        kept = all(_is(self.folder / name, data) for name, data in parcel.beside.items())
        same = kept and found.listing == _manifest(parcel) and said.is_file()
        if same and not parcel.replacing and parcel.is_attested_in(said.read_bytes()):
            return None
        if not settling.is_delivered(self.folder, found.listing.digest, census):
            self._check_own(census, found.listing, said, parcel)
        elif not (parcel.replacing or same):
            raise earlier(self.source)
        return census

    def _check_own(
        self, census: settling.Census, listing: Manifest, file: Path, parcel: Parcel
    ) -> None:
        """ConfigError where others put something there; where an earlier promotion was changed, it
        says which files, unless they are to be put back."""
        said = said_in(file.name, file.read_bytes()) if file.is_file() else ()
        subjects = said[-1].subjects if said else {}
        paths = {path for path, *_ in census} - _above(subjects)
        if others := {path for path in paths if path not in subjects and not _is_beside(path)}:
            raise foreign(self.source, others if subjects else paths)
        held = listing.by_path
        changed = {p for p, sha in subjects.items() if p not in held or held[p].sha256 != sha}
        if not (subjects and settling.is_marked(self.folder)):
            raise foreign(self.source, changed or paths)
        if not parcel.replacing:
            raise altered(self.source, changed or paths - subjects.keys())

    def _fill(self, files: Path, parcel: Parcel) -> None:
        step = self.options.progress.step(f"{parcel.name}: copying", parcel.size)
        try:
            largest = sorted(parcel.files, key=lambda item: -item.size)
            side_by_side(lambda item: _copied(item, files, step), largest, at_once=AT_ONCE)
        finally:
            step.end()
        for name, data in {**parcel.beside, parcel.import_name: parcel.attested()}.items():
            (files / name).write_bytes(data)

    def _lying(self, *, already: bool = False) -> Delivered:
        store = FolderStore(source=self.source, folder=self.folder, options=self.options)
        revision = store.opened(None).revision
        return Delivered(place=self.source, revision=revision, already=already)


def _above(paths: Iterable[str]) -> set[str]:
    """The folders in which these files lie."""
    return {str(folder) for path in paths for folder in PurePosixPath(path).parents}


def _is_beside(path: str) -> bool:
    return "/" not in path and is_evidence_name(path)


def _copied(item: Item, files: Path, step: Step) -> None:
    place = files / item.path
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb", buffering=0) as stream:
        for chunk in item.chunks(step):
            stream.write(chunk)


def _emptied(files: Path) -> None:
    """An empty folder is there, whatever an earlier run left."""
    for top, folders, names in os.walk(files, topdown=False):
        for name in names:
            Path(top, name).unlink()
        for name in folders:
            Path(top, name).rmdir()
    files.mkdir(exist_ok=True)


def _is(place: Path, data: bytes) -> bool:
    return place.is_file() and place.read_bytes() == data


def _manifest(parcel: Parcel) -> Manifest:
    items = parcel.files
    return Manifest.of(File(path=one.path, size=one.size, digest=one.sha256) for one in items)


def writer(source: str, options: StoreOptions) -> FolderWriter:
    """The folder that `file:///absolute/path` names."""
    folder = Path(os.path.realpath(folder_of(source)))
    return FolderWriter(source=source, folder=folder, options=options)
