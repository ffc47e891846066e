"""Where a repository of a registry is, and how it is spoken to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.errors import ConfigError
from provenance.model import LONG

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
"""The hosts that are asked over http, as docker does; every other over https."""
SERVED_AT = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
"""Names that people write for a registry which answers under another."""
OFFICIAL = "library/"
"""What Docker Hub puts before a repository that is written without its owner."""
PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
NAME = re.compile(rf"{PART}(?:/{PART})*")
"""A repository's name (OCI distribution specification 1.1, pulling manifests)."""
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
LONGEST = 255
"""Characters of a host and a name together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A repository: `host` as the caller wrote it, with its port, and its name there."""

    source: str
    host: str
    name: str

    @property
    def base(self) -> str:
        """The URL below which the repository's manifests and blobs are."""
        return f"{self.scheme}://{SERVED_AT.get(self.host, self.host)}/v2/{self.name}"

    @property
    def scheme(self) -> str:
        """Http for this machine, https for every other."""
        return "http" if hostname(self.host) in LOOPBACK else "https"


def hostname(host: str) -> str:
    """The host without its port, in lower case."""
    return re.sub(r":[0-9]{1,5}\Z", "", host).lower()


def parsed(source: str) -> Address:
    """The address of `oci://host[:port]/repository`, or ConfigError."""
    host, _, name = source.removeprefix("oci://").partition("/")
    if host in SERVED_AT and "/" not in name:
        name = OFFICIAL + name
    if not host or not NAME.fullmatch(name) or len(host) + len(name) > LONGEST:
        expected = "expected oci://host[:port]/repository, the repository in lower case"
        raise ConfigError(f"{expected}, found {source[:LONG]!r}", path=source[:LONG])
    return Address(source=source, host=host, name=name)
