"""What went into a step beside models, with its digests: data, settings, checkpoints."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

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
HUB = "https://huggingface.co"


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What materials are made with: `folder` is the working directory, from which paths are said,
    `hub` the address of the Hub, and `told` hears of each that is hashed. What is `replaced` is
    named without a digest."""

    folder: str
    replaced: frozenset[str]
    told: Callable[[str], None]
    hub: str = HUB

    def of(self, meaning: Meaning) -> Iterator[Material]:
        """A material for each thing that went in and is no model; SourceError for a file that
        cannot be read."""
        for data in meaning.data:
            yield from self._data(data)
        for path in meaning.settings[:MOST_SETTINGS]:
            yield self._settings(path)
        for checkpoint in meaning.checkpoints:
            yield self._checkpoint(checkpoint)

    def said(self, path: str) -> str:
        """How a path is published: from the working directory, else by its name alone."""
        top = os.path.realpath(self.folder).rstrip("/") + "/"
        return path[len(top) :] if path.startswith(top) else os.path.basename(path.rstrip("/"))

    def _data(self, data: Data) -> Iterator[Material]:
        kind, mark = MaterialKind.DATASET, {"fingerprint": data.mark} if data.mark else {}
        uri = f"{self.hub}/datasets/{data.repo}" if data.repo else ""
        notes = mark if data.repo else {**mark, "path": self.said(data.place)}
        if data.commit:
            yield Material(kind=kind, uri=uri, digest=(("gitCommit", data.commit),))
        elif len(data.files) > MOST:
            yield Material(kind=kind, uri=uri, notes=tuple(sorted(notes.items())))
        elif len(data.files) <= SINGLE and not data.mark:
            for path, file in zip(data.files, self._files(data.files), strict=True):
                yield _one(kind, self.said(path), file)
        else:
            yield self._many(kind, uri, data.place, data.files, notes)

    def _settings(self, path: str) -> Material:
        if path in self.replaced:
            return Material(kind=MaterialKind.CONFIG, notes=(("path", self.said(path)),))
        (file,) = self._files([path])
        return _one(MaterialKind.CONFIG, self.said(path), file)

    def _checkpoint(self, model: Model) -> Material:
        notes = {"path": self.said(model.place)}
        if self.replaced & set(model.files):
            return Material(kind=MaterialKind.CHECKPOINT, notes=tuple(notes.items()))
        return self._many(MaterialKind.CHECKPOINT, "", model.place, model.files, notes)

    def _many(
        self, kind: str, uri: str, folder: str, paths: Sequence[str], notes: Mapping[str, str]
    ) -> Material:
        self.told(f"{len(paths)} files of {self.said(folder)} went in: hashing them")
        files = [
            replace(file, path=os.path.relpath(path, folder))
            for path, file in zip(paths, self._files(paths), strict=True)
        ]
        whole: dict[str, str | int | bool] = {
            **notes,
            "files": len(files),
            "size": sum(file.size for file in files),
        }
        digest = Manifest.of(files).digest.removeprefix("sha256:")
        return Material(
            kind=kind, uri=uri, digest=((MANIFEST, digest),), notes=tuple(sorted(whole.items()))
        )

    def _files(self, paths: Iterable[str]) -> list[File]:
        with ThreadPoolExecutor(AT_ONCE) as workers:
            return list(workers.map(_measured, paths))


def _one(kind: str, path: str, file: File) -> Material:
    notes = (("path", path), ("size", file.size))
    return Material(kind=kind, digest=(("sha256", file.digest or ""),), notes=notes)


def _measured(path: str) -> File:
    try:
        with open(path, "rb", buffering=0) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return File(path=os.path.basename(path), size=stream.tell(), digest=digest)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
