"""By what it is known that nobody wrote to a file."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What tells that nobody wrote to a file since: inode, bytes, nanoseconds."""

    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, path: str) -> Stamp | None:
        """That of a regular file as it is now, links followed; None where there is none."""
        try:
            status = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return cls(inode=status.st_ino, size=status.st_size, changed=status.st_mtime_ns)
