"""The secret key of a caller's own coordinates: read where nobody else can, or made so."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from provenance.errors import ConfigError
from provenance.registry.file import read_data

BYTES = 32
LEAST, MOST = 16, 4096
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def secret_in(file: Path) -> bytes:
    """The key in a file that its owner alone may read, and who is the caller or root; or
    ConfigError."""
    try:
        found = file.stat()
    except OSError as error:
        said = f"the key cannot be read: {error.strerror}"
        line = f"`provenance fingerprint DIR --as ORG/NAME -o base.wlf --key {file}` makes one"
        raise ConfigError(f"{said}: {line}", path=str(file)) from None
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError("is a secret key, and belongs to somebody else", path=str(file))
    if found.st_mode & OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        said = f"is a secret key, and others may use it: found mode {mode:o}, expected 600"
        raise ConfigError(f"{said}: chmod 600 {file}", path=str(file))
    data = read_data(file, MOST)
    if len(data) < LEAST:
        raise ConfigError(f"found {len(data)} bytes, expected {LEAST} or more", path=str(file))
    return data


def secret_made(file: Path) -> bytes:
    """The key in a new file, which its owner alone may read; or ConfigError."""
    data = secrets.token_bytes(BYTES)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(file)) from None
    return data
