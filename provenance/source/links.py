"""Another name for the bytes of a file: a clone, a hard link or a copy."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from fcntl import ioctl
from pathlib import Path

from provenance.errors import SourceError
from provenance.source.progress import Step

CHUNK = 1 << 20
FICLONE = 0x40049409
"""The request of Linux that makes one file share the blocks of another (ioctl_ficlone(2))."""
OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
READ_ONLY = 0o444


def clone(source: str, new: Path) -> bool:
    """Whether `new` is a file of its own that shares the blocks of `source` until one is written
    to."""
    try:
        read = os.open(source, OPEN)
    except OSError:
        return False
    try:
        write = os.open(new, NEW, READ_ONLY)
        try:
            ioctl(write, FICLONE, read)
        finally:
            os.close(write)
    except OSError:
        new.unlink(missing_ok=True)
        return False
    finally:
        os.close(read)
    return True


def link(source: str, new: Path) -> bool:
    """Whether `new` is another name of `source`, which this user alone may write to."""
    try:
        status = os.lstat(source)
        if others_may_write(status) or not stat.S_ISREG(status.st_mode):
            return False
        os.link(source, new, follow_symlinks=False)
        if os.path.samestat(status, os.lstat(new)):
            return True
    except OSError:
        return False
    new.unlink()
    return False


def copy(source: str, new: Path, step: Step | None = None) -> bool:
    """`new` has the bytes that `source` has; SourceError where it cannot."""
    try:
        with (
            os.fdopen(os.open(source, OPEN), "rb", buffering=0) as read,
            os.fdopen(os.open(new, NEW, READ_ONLY), "wb", buffering=0) as write,
        ):
            while part := read.read(CHUNK):
                write.write(part)
                if step:
                    step.advance(len(part))
    except OSError as error:
        raise SourceError(f"{source} cannot be copied to {new}: {error.strerror}") from None
    return True


def others_may_write(status: os.stat_result) -> bool:
    """Whether somebody but this user owns it or may write to it; a group that has this user alone,
    as many systems make one for everybody, is nobody else."""
    if status.st_uid != os.geteuid() or status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private(status.st_gid)


def _is_private(group: int) -> bool:
    try:
        user, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    alone = set(found.gr_mem) <= {user.pw_name}
    return alone and (user.pw_gid, user.pw_name) == (group, found.gr_name)
