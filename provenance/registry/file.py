"""Registries on disk: a `trust.toml` and the trusted roots beside it."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

from provenance.errors import ConfigError
from provenance.trust import Registry

LIMIT = 16 * 2**20
FILE_NAME = "trust.toml"


def load(path: Path) -> Registry:
    """The registry of a file, or of the `trust.toml` of a folder, or ConfigError.

    A `[[sigstore]]` names its trusted root by a path relative to the file, inside its folder.
    """
    file = path / FILE_NAME if _is_folder(path) else path
    table = read_table(file)
    sigstores = table.get("sigstore")
    if isinstance(sigstores, list):
        table["sigstore"] = [
            _with_root(entry, file, f"{file.name}: sigstore[{position}].trusted_root")
            for position, entry in enumerate(sigstores)
        ]
    return Registry.from_table(table, source=file.name)


def read_table(path: Path) -> dict[str, object]:
    """The table of a TOML file, or ConfigError."""
    try:
        return tomllib.loads(read_text(path))
    except RecursionError:
        raise ConfigError("nested too deep", path=path.name) from None
    except ValueError as error:
        raise ConfigError(f"not TOML: {error}", path=path.name) from None


def read_text(path: Path) -> str:
    """The UTF-8 text of a regular file of at most 16 MiB, or ConfigError."""
    try:
        data = _read(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ConfigError(f"cannot be read: {reason or error}", path=str(path)) from None
    if len(data) > LIMIT:
        raise ConfigError(f"more than {LIMIT // 2**20} MiB", path=str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 at byte {error.start}", path=path.name) from None


def _read(path: Path) -> bytes:
    # A pipe in a file's place must not hold the verdict up: open without waiting, then look.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(LIMIT + 1)
    finally:
        os.close(descriptor)


def _with_root(entry: object, file: Path, where: str) -> object:
    if not isinstance(entry, dict) or not isinstance(entry.get("trusted_root"), str):
        return entry
    try:
        return entry | {"trusted_root": read_text(_inside(file, entry["trusted_root"]))}
    except ConfigError as error:
        raise ConfigError(str(error), path=where) from None


def _inside(file: Path, name: str) -> Path:
    folder = Path(os.path.realpath(file.parent))
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
