"""Registries on disk: a `trust.toml` and the trusted roots beside it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigError
from provenance.registry import fingerprints
from provenance.registry.store import FILE_NAME, assembled, parsed
from provenance.trust import Registry, Root

LIMIT = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Folder:
    """The texts of a registry on disk: its `trust.toml`, and what lies in the folder of that."""

    file: Path

    def text(self, name: str) -> str:
        """The text of a file, its name relative to the folder and inside of it."""
        if name == self.file.name:
            return read_text(self.file)
        return read_text(_inside(self.file.parent, name))

    def version(self, name: str) -> int | None:
        """None: nobody counts the versions of files."""
        return None

    def fingerprint(self, root: Root) -> bytes:
        """The file of a root's fingerprint, or ConfigError where it is missing or another."""
        place = _inside(self.file.parent, fingerprints.file_of(root))
        data = read_data(place, fingerprints.MOST)
        if wrong := fingerprints.other_than(root, data):
            raise ConfigError(wrong, path=str(place))
        return data


def load(path: Path) -> Registry:
    """The registry of a file, or of the `trust.toml` of a folder.

    Trusted roots and sections that it names lie beside it. Raises ConfigError, with the path into
    the file, for what cannot be read or used.
    """
    folder = folder_of(path)
    return assembled(folder, file=folder.file.name)


def folder_of(path: Path) -> Folder:
    """The texts of a registry, by its file or by the folder of its `trust.toml`."""
    return Folder(path / FILE_NAME if _is_folder(path) else path)


def read_table(path: Path) -> dict[str, object]:
    """The table of a TOML file, or ConfigError."""
    return parsed(read_text(path), path.name)


def read_text(path: Path) -> str:
    """The UTF-8 text of a regular file of at most 16 MiB, or ConfigError.

    A byte-order mark, as editors of Windows write it, is no part of it.
    """
    try:
        return read_data(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 at byte {error.start}", path=path.name) from None


def read_data(path: Path, most: int = LIMIT) -> bytes:
    """The bytes of a regular file of at most so many, or ConfigError."""
    try:
        data = _read(path, most)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ConfigError(f"cannot be read: {reason or error}", path=str(path)) from None
    if len(data) > most:
        raise ConfigError(f"more than {most // 2**20} MiB", path=str(path))
    return data


def _read(path: Path, most: int) -> bytes:
    # A pipe in a file's place must not hold the verdict up: open without waiting, then look.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(most + 1)
    finally:
        os.close(descriptor)


def _inside(parent: Path, name: str) -> Path:
    folder = Path(os.path.realpath(parent))
    try:
        path = Path(os.path.realpath(folder / name))
    except ValueError:
        raise ConfigError(f"{name[:200]!r} is not a path") from None
    if not path.is_relative_to(folder):
        raise ConfigError(f"{name[:200]!r} lies outside the registry's folder")
    return path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
