"""Small files of ours: written whole, or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path

from provenance.errors import ConfigError

NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What a file system without locks answers to whoever asks for one."""


def write(place: Path, text: str) -> None:
    """The file holds `text` in UTF-8, on disk for good; OSError leaves it as it was."""
    write_bytes(place, text.encode("utf-8"))


def write_bytes(place: Path, data: bytes) -> None:
    """The file holds `data`, on disk for good; OSError leaves it as it was."""
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), _mode(place))
            os.fsync(stream.fileno())
        os.replace(name, place)
    except BaseException:
        os.unlink(name)
        raise


def deliver(place: Path, text: str) -> None:
    """What a caller asked for lies at `place`, whole, or goes into the pipe or device there.

    ConfigError where a link lies there, and where it cannot be written.
    """
    try:
        if _is_stream(place):
            place.write_text(text, encoding="utf-8")
        else:
            refuse_link(place)
            write(place, text)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(place)) from None


def refuse_link(file: Path) -> None:
    """ConfigError where the file is a link: another's file may lie behind it."""
    if file.is_symlink():
        message = "is a link, which is neither followed nor replaced: expected a regular file"
        raise ConfigError(message, path=str(file))


def _is_stream(place: Path) -> bool:
    """Whether it is a pipe or a device, as /dev/stdout and /dev/null are."""
    if place.parent == Path("/dev"):
        return True
    try:
        mode = place.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Nobody else who asks is in the folder meanwhile, where its file system knows locks."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _mode(place: Path) -> int:
    """What the file has already, or what a new one of this process gets."""
    try:
        return place.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
