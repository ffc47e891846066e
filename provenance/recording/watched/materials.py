"""What went into a step beside models, with its digests: data, settings, checkpoints."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from provenance.errors import SourceError
from provenance.model import File, Manifest
from provenance.recording.watched.meaning import Data, Meaning, Model
from provenance.wire.training import Material, MaterialKind
from provenance.wire.training.step import MANIFEST

SINGLE = 16
"""Files of one folder that are named one by one; more are digested together."""
MOST = 1_000_000
"""Files of one data set that are hashed; of more, nothing is pinned."""
MOST_SETTINGS = 64
AT_ONCE = 8
HUB_DATASETS = "hf://datasets/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What materials are made with: `folder` is the working directory, from which paths are said,
    and `told` hears of each that is hashed."""

    folder: str
    told: Callable[[str], None]

    def of(self, meaning: Meaning) -> Iterator[Material]:
        """A material for each thing that went in and is no model; SourceError for a file that
        cannot be read."""
        for data in meaning.data:
            yield from self._data(data)
        for path in meaning.settings[:MOST_SETTINGS]:
            (file,) = self._files([path])
            yield _one(MaterialKind.CONFIG, self.said(path), file)
        for checkpoint in meaning.checkpoints:
            yield self._checkpoint(checkpoint)

    def said(self, path: str) -> str:
        """How a path is published: from the working directory, else by its name alone."""
        top = os.path.realpath(self.folder).rstrip("/") + "/"
        return path[len(top) :] if path.startswith(top) else os.path.basename(path.rstrip("/"))

    def _data(self, data: Data) -> Iterator[Material]:
        kind, notes = MaterialKind.DATASET, (("fingerprint", data.mark),) if data.mark else ()
        if data.repo and data.commit:
            uri = f"{HUB_DATASETS}{data.repo}@{data.commit}"
            yield Material(kind=kind, uri=uri, digest=(("gitCommit", data.commit),))
        elif len(data.files) > MOST:
            yield Material(kind=kind, uri=self.said(data.place), notes=notes)
        elif len(data.files) <= SINGLE and not data.mark:
            for path, file in zip(data.files, self._files(data.files), strict=True):
                yield _one(kind, self.said(path), file)
        else:
            uri = HUB_DATASETS + data.repo if data.repo else self.said(data.place)
            yield self._many(kind, uri, data.place, data.files, notes)

    def _checkpoint(self, model: Model) -> Material:
        folder = model.place if os.path.isdir(model.place) else os.path.dirname(model.place)
        return self._many(MaterialKind.CHECKPOINT, self.said(model.place), folder, model.files)

    def _many(
        self,
        kind: str,
        uri: str,
        folder: str,
        paths: Sequence[str],
        notes: tuple[tuple[str, str], ...] = (),
    ) -> Material:
        self.told(f"{uri}: hashing {len(paths)} files")
        files = [
            File(path=os.path.relpath(path, folder), size=file.size, digest=file.digest)
            for path, file in zip(paths, self._files(paths), strict=True)
        ]
        digest = (Manifest.of(files).digest or "").removeprefix("sha256:")
        size = sum(file.size for file in files)
        return Material(
            kind=kind,
            uri=uri,
            digest=((MANIFEST, digest),),
            notes=(*notes, ("files", len(files)), ("size", size)),
        )

    def _files(self, paths: Iterable[str]) -> list[File]:
        with ThreadPoolExecutor(AT_ONCE) as workers:
            return list(workers.map(_measured, paths))


def _one(kind: str, uri: str, file: File) -> Material:
    return Material(
        kind=kind, uri=uri, digest=(("sha256", file.digest),), notes=(("size", file.size),)
    )


def _measured(path: str) -> File:
    try:
        with open(path, "rb", buffering=0) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return File(path=os.path.basename(path), size=stream.tell(), digest=digest)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
