"""The bytes of tensors in a directory, as they were when its headers were read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from provenance.weights.stored import Unreadable

MOST = 64 << 20
"""Bytes that are read at once: a longer row is none of a model."""


def piece(number: int, begin: int, end: int) -> bytes:
    """The bytes `begin` to `end` of an open file, fewer where it ends before; OSError."""
    data = os.pread(number, end - begin, begin)
    while len(data) < end - begin and (
        more := os.pread(number, end - begin - len(data), begin + len(data))
    ):
        data += more
    return data


def whole(data: bytes, path: str, begin: int, end: int) -> bytes:
    """The bytes that were read of a file, if they are all that were asked for; else Unreadable."""
    if len(data) != end - begin:
        raise Unreadable(f"{path} ends at {begin + len(data)} bytes, expected {end}")
    return data


def root_of(place: Path) -> Path:
    """The folder in which the files of the model at `place` have their paths."""
    return place if place.is_dir() else place.parent


def stamp(status: os.stat_result) -> tuple[int, int, int]:
    """What tells that a file is as it was."""
    return status.st_size, status.st_mtime_ns, status.st_ino


@dataclass(frozen=True, kw_only=True)
class FolderReader:
    """Reads files below `root`; each stays open until `close`, and is the same all the while."""

    root: Path
    _open: dict[str, tuple[int, tuple[int, int, int]]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def read(self, path: str, begin: int, end: int) -> bytes:
        """The bytes, or Unreadable where they are too many or not there, or the file changed
        meanwhile."""
        if end - begin > MOST:
            raise Unreadable(f"{path}: {end - begin} bytes in one piece, expected {MOST} at most")
        try:
            number, before = self._opened(path)
            data = piece(number, begin, end)
            now = stamp(os.fstat(number))
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror or error}") from None
        if now != before:
            raise Unreadable(f"{path} changed while it was read: compare a copy at rest")
        return whole(data, path, begin, end)

    def close(self) -> None:
        """Every file is closed."""
        with self._lock:
            for number, _ in self._open.values():
                os.close(number)
            self._open.clear()

    def _opened(self, path: str) -> tuple[int, tuple[int, int, int]]:
        with self._lock:
            if path not in self._open:
                number = os.open(self.root / path, os.O_RDONLY | os.O_CLOEXEC)
                self._open[path] = number, stamp(os.fstat(number))
            return self._open[path]
