"""Where what a client has verified of a registry is kept: a folder that is the user's alone."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def is_own(folder: Path) -> bool:
    """Whether nobody but this user and root can have put something there, or it is not there yet.

    The folder is theirs, and neither its group nor everybody may write into it. So are those above
    it; of one that everybody shares (`/tmp`) only the owner of an entry may take that away.
    """
    real = Path(os.path.realpath(folder))
    for place in (real, *real.parents):
        try:
            status = place.stat()
        except FileNotFoundError:
            continue
        except OSError:
            return False
        others = stat.S_IWGRP | stat.S_IWOTH if place == real else stat.S_IWOTH
        shared = status.st_mode & others and (place == real or not status.st_mode & stat.S_ISVTX)
        if status.st_uid not in (os.geteuid(), 0) or shared:
            return False
    return True


def may_keep(folder: Path) -> bool:
    """Whether what is put there is there the next time, and nobody else's."""
    return is_own(folder) and is_writable(folder)


def is_writable(folder: Path) -> bool:
    """Whether the folder is there, made if need be, and this user may write into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def copied(folder: Path | None, temporary: Path) -> Path:
    """A copy of what is kept, if anything is, that may be written to."""
    place = temporary / "kept"
    if folder and folder.is_dir():
        shutil.copytree(folder, place, symlinks=True)
    place.mkdir(exist_ok=True)
    return place


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other process changes what is kept meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
