"""Where a redirect may lead: never further inwards than its beginning lies, nor from https down."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import urlsplit

from provenance.errors import SourceError

NAT64 = ipaddress.ip_network("64:ff9b::/96")
HTTPS, HTTP = "https", "http"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Reach(IntEnum):
    """How far inwards an address lies: this machine, a private network, everybody's."""

    LOCAL = 0
    PRIVATE = 1
    PUBLIC = 2


class Astray(SourceError):
    """A server leads to where it must not."""


@dataclass(slots=True, kw_only=True)
class Path:
    """The way of one request: each hop must lie at `least` so far out, and in time under https."""

    least: Reach
    secure: bool = False

    def step(self, url: str) -> None:
        """The next hop, or Astray."""
        parts = urlsplit(url)
        if parts.scheme not in (HTTPS, HTTP) or (self.secure and parts.scheme != HTTPS):
            raise Astray(f"a redirect leads down from https to {url[:200]!r}")
        self.secure = parts.scheme == HTTPS
        if reach(parts.hostname or "") < self.least:
            raise Astray(
                f"a redirect leads to {url[:200]!r}, which is this machine's or a private network's"
            )


def reach(host: str) -> Reach:
    """How far inwards a host lies: of several addresses, the one furthest in counts.

    A name that this machine cannot resolve, as behind a proxy, is everybody's.
    """
    return min(map(_of, _addresses(host)), default=Reach.PUBLIC)


def _addresses(host: str) -> Iterator[Address]:
    bare = host.strip("[]").partition("%")[0]
    try:
        yield ipaddress.ip_address(bare)
        return
    except ValueError:
        pass
    try:
        # The forms of old: 2130706433, 0x7f.1, 127.1.
        yield ipaddress.IPv4Address(socket.inet_aton(bare))
        return
    except (OSError, ValueError):
        pass
    try:
        found = socket.getaddrinfo(bare, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return
    for *_, place in found:
        yield ipaddress.ip_address(str(place[0]).partition("%")[0])


def _of(address: Address) -> Reach:
    plain = _unwrapped(address)
    if plain.is_loopback or plain.is_link_local or plain.is_unspecified or plain.is_multicast:
        return Reach.LOCAL
    return Reach.PUBLIC if plain.is_global else Reach.PRIVATE


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (RFC 4291, 3056, 4380, 6052), or itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    carried = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if carried is None and (address in NAT64 or (int(address) >> 32 == 0 and int(address) > 1)):
        carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return carried or address
