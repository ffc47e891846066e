"""Fingerprints of roots: where they lie beside a registry, and that each is the one it names.

The registry says the digest, so that whoever serves the file can at most withhold it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from provenance.errors import ConfigError, Malformed
from provenance.names import namespace_of
from provenance.source.files import alone_in, refuse_link, write_bytes
from provenance.trust import Registry, Root

if TYPE_CHECKING:
    from provenance.weights.fingerprint import Fingerprint

FOLDER = "fingerprints"
SUFFIX = ".wlf"
MOST = 16 << 20
"""Bytes of one file: the ledger alone has some 84 for each tensor, and a mixture of experts has a
hundred thousand of them."""
SECRET = "has secret coordinates, which whoever has the file can look up in the weights"
PRIVATE = (
    f"{SECRET}, and is never published: name it under [policy.weights], and make another without "
    "--key for the registry"
)


class Keeper(Protocol):
    """Where the fingerprints of one registry lie."""

    def fingerprint(self, root: Root) -> bytes:
        """The file of a root that has one, its digest checked; ConfigError where it is missing,
        RegistryRefused where a server has another, SourceError where it does not answer."""


def digest_of(data: bytes) -> str:
    """The digest by which a registry names a file, `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def file_of(root: Root) -> str:
    """Where the fingerprint of a root lies, beside trust.toml; those of a section lie apart."""
    name = (root.fingerprint or "").removeprefix("sha256:") + SUFFIX
    return "/".join(part for part in (FOLDER, root.section, name) if part)


def other_than(root: Root, data: bytes) -> str:
    """Why a file is not the one that the registry names; empty if it is."""
    found = digest_of(data)
    if found == root.fingerprint:
        return ""
    return f"is another file than the registry names for {root.repo}: found {found}, " + (
        f"expected {root.fingerprint}"
    )


def named_in(registry: Registry, section: str = "") -> Iterator[Root]:
    """The roots with a fingerprint that the registry itself names, or one section of it."""
    every = (root for org in registry.orgs for root in org.roots)
    return (root for root in every if root.fingerprint and root.section == section)


def opened(data: bytes, path: str) -> Fingerprint:
    """The fingerprint in a file of that name, or ConfigError."""
    from provenance.weights.fingerprint import loads

    try:
        return loads(data)
    except Malformed as error:
        again = "make it again with `provenance fingerprint`"
        raise ConfigError(f"cannot be read as a fingerprint: {error}: {again}", path=path) from None


def is_keyed(fingerprint: Fingerprint) -> bool:
    """Whether its coordinates are a secret."""
    from provenance.weights.coordinates import PUBLIC

    return fingerprint.sample.coordinates != PUBLIC


def check_fits(root: Root, data: bytes, path: str) -> None:
    """The file is a public fingerprint of the root's very files, or ConfigError."""
    found = opened(data, path)
    if is_keyed(found):
        raise ConfigError(PRIVATE, path=path)
    if found.manifest != root.manifest:
        of = f"{found.repo or 'other files'}: found {found.manifest}, expected {root.manifest}"
        line = f"`provenance fingerprint {root.repo} -o {namespace_of(root.repo)}{SUFFIX}`"
        message = f"is the fingerprint of {of} of {root.repo}: {line} makes that, where the model"
        raise ConfigError(f"{message} is here", path=path)


@contextmanager
def laid(folder: Path, root: Root, data: bytes) -> Iterator[None]:
    """The file lies beside a registry in `folder`; where what follows fails, it goes again.

    ConfigError where it cannot be written, and where something else lies there.
    """
    place = folder / file_of(root)
    try:
        new = _put(place, data)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(place)) from None
    try:
        yield
    except BaseException:
        if new:
            place.unlink(missing_ok=True)
        raise


def removed(folder: Path, root: Root) -> str:
    """The file does not lie beside a registry in `folder` any more, in a sentence; one that is
    another than its name says stays, and where there is none nothing is said."""
    place, name = folder / file_of(root), file_of(root)
    if place.is_symlink() or not place.is_file():
        return ""
    if other_than(root, place.read_bytes()):
        return f"{name} is another file than was named, and stays: look at it"
    place.unlink()
    return f"removed {name}, which nothing names any more"


def _put(place: Path, data: bytes) -> bool:
    """The file is there; whether it is new."""
    for part in (place.parent, place):
        refuse_link(part)
    place.parent.mkdir(parents=True, exist_ok=True)
    with alone_in(place.parent):
        if not os.path.lexists(place):
            write_bytes(place, data)
            return True
    if not place.is_file() or place.read_bytes() != data:
        message = "is another file already, and is not written over: remove it"
        raise ConfigError(message, path=str(place))
    return False
