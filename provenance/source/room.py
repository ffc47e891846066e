"""Whether what is to be downloaded has room where it is to lie."""

from __future__ import annotations

import shutil
from pathlib import Path

from provenance.errors import SourceError

SCALES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"), (1, "bytes"))


ELSEWHERE = "name a place on another disk (--local-dir, --cache-dir)"


def check_room(name: str, needed: int, place: Path, remedy: str = ELSEWHERE) -> None:
    """`needed` bytes of the model `name` fit on the file system of the folder `place`, or
    SourceError, which ends with `remedy`; where that cannot be asked, they are taken to fit."""
    try:
        free = shutil.disk_usage(place).free
    except OSError:
        return
    if needed > free:
        raise SourceError(
            f"{name} needs {size(needed)}, and {place} has {size(free)} free: make room there, or "
            f"{remedy}"
        )


def size(count: int) -> str:
    """So many bytes for people, in powers of ten: `1.2 GB`."""
    scale, unit = next((pair for pair in SCALES if count >= pair[0]), SCALES[-1])
    return f"{count / scale:.1f} {unit}" if scale > 1 else f"{count} {unit}"
