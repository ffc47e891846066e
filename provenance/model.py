"""The values everything else speaks about. None of them knows how it was obtained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property


class Basis(StrEnum):
    """Where the digests of a manifest come from."""

    DECLARED = "declared"
    LOCKED = "locked"
    MEASURED = "measured"
    REPLAYED = "replayed"


class Kind(StrEnum):
    """What the bytes of a file are, whatever its name says."""

    EMPTY = "empty"
    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    NPY = "npy"
    NPY_OBJECTS = "npy with objects"
    ONNX = "onnx"
    HDF5 = "hdf5"
    PICKLE = "pickle"
    ZIP = "zip"
    TORCH_ZIP = "pytorch zip"
    KERAS_ZIP = "keras zip"
    NPZ = "npz"
    TAR = "tar"
    COMPRESSED = "compressed"
    EXECUTABLE = "executable"
    SCRIPT = "script"
    LFS_POINTER = "git-lfs pointer"
    JSON = "json"
    TEXT = "text"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """What the caller asked about: `text` as written, `repo` as `org/name`, `commit` as 40 hex."""

    text: str
    repo: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class File:
    """One file of a model: POSIX path below its root, size in bytes, SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Every file of a model, or of a selection of it, in code-point order of the paths."""

    files: tuple[File, ...]

    @classmethod
    def of(cls, files: Iterable[File]) -> Manifest:
        """The manifest of `files`, whatever their order."""
        return cls(files=tuple(sorted(files)))

    @cached_property
    def digest(self) -> str:
        """`sha256:<hex>` over canonical JSON `[[path, size, digest], …]`."""
        rows = [[file.path, file.size, file.sha256] for file in self.files]
        text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    @cached_property
    def by_path(self) -> dict[str, File]:
        """The files by their path."""
        return {file.path: file for file in self.files}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the bytes of one file are: their kind, and their beginning where a check reads it.

    `head` is the whole file when it is as long as the file, and empty when no check asked for it.
    """

    path: str
    kind: Kind
    head: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing a reader saw in a file or about its place; `code` names a rule's slug."""

    code: str
    path: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDigest:
    """A digest beside the file's own SHA-256: another algorithm, or the bytes from start to end."""

    path: str
    algorithm: str
    start: int
    end: int
    hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A small file kept whole, as the bytes it was."""

    path: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that a verdict may rest on, gathered at one moment: judged again, it yields the same.

    `listing` names every file of the model, `manifest` the selected ones, which `include` and
    `exclude` leave; `contents` has one row for each of those. `bundles` are evidence files, raw
    and unverified.
    """

    ref: Ref
    at: datetime
    basis: Basis
    listing: Manifest
    manifest: Manifest
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    contents: tuple[Content, ...] = ()
    parts: tuple[PartDigest, ...] = ()
    bundles: tuple[Document, ...] = ()
    observations: tuple[Observation, ...] = ()

    @cached_property
    def by_path(self) -> dict[str, Content]:
        """The contents by their path."""
        return {content.path: content for content in self.contents}
