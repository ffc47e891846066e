"""The store of large files, named by SHA-256; git holds pointers to them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

MIB = 1 << 20
LARGE = (
    *(".safetensors", ".bin", ".gguf", ".onnx", ".pt", ".pth", ".pkl"),
    *(".h5", ".npz", ".zip", ".msgpack"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse:
    """`head`, then zeros up to `size`; the SHA-256 is what the caller declares."""

    head: bytes
    size: int
    sha256: str


Content = bytes | Path | Sparse


class Objects:
    """Large files under `root`; a Path is linked, so it must not change while the Hub lives."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True)

    def path(self, digest: str) -> Path:
        """Where the object lies, if it is there."""
        return self._root / digest

    def blob(self, path: str, content: Content) -> bytes:
        """What git holds for this file: its content, or a pointer to the object kept here."""
        match content:
            case Sparse():
                self._keep(content.sha256, lambda place: _write_sparse(place, content))
                return pointer(content.sha256, content.size)
            case Path():
                return self._of_path(path, content)
            case bytes():
                return self._of_bytes(path, content)

    def _of_path(self, path: str, content: Path) -> bytes:
        size = content.stat().st_size
        if not _is_large(path, size):
            return content.read_bytes()
        with content.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        self._keep(digest, lambda place: _link(content, place))
        return pointer(digest, size)

    def _of_bytes(self, path: str, content: bytes) -> bytes:
        if not _is_large(path, len(content)):
            return content
        digest = sha256(content).hexdigest()
        self._keep(digest, lambda place: place.write_bytes(content))
        return pointer(digest, len(content))

    def _keep(self, digest: str, write: Callable[[Path], object]) -> None:
        """The object is there, whole at every moment; what was there before is not written into."""
        new = self._root / f"{digest}.new"
        write(new)
        new.replace(self.path(digest))
        # A rename onto another name of the same file does nothing.
        new.unlink(missing_ok=True)


def _is_large(path: str, size: int) -> bool:
    return path.endswith(LARGE) or size >= MIB


def _link(content: Path, place: Path) -> None:
    try:
        os.link(content, place)
    except OSError:
        shutil.copyfile(content, place)


def _write_sparse(place: Path, content: Sparse) -> None:
    place.write_bytes(content.head)
    os.truncate(place, content.size)


def pointer(digest: str, size: int) -> bytes:
    """The text that stands in git for a large file."""
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n"
    return text.encode()
