"""Archives made of bytes."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping


def tar(files: Mapping[str, bytes], *, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of these files, in their order."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=form) as archive:
        for name, data in files.items():
            archive.addfile(entry(name, len(data)), io.BytesIO(data))
    return held.getvalue()


def entry(name: str, size: int) -> tarfile.TarInfo:
    """What a tar says of a file before its bytes."""
    found = tarfile.TarInfo(name)
    found.size = size
    return found


def zipped(files: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of these files, in their order."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return held.getvalue()
