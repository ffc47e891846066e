"""Which values of a matrix are looked at: by a rule that both sides of a comparison follow.

Of the residual axis the same coordinates are taken in every matrix, of the other axis a run of
neighbouring lines. Both follow from a salt and the lengths alone, so that two models of one shape
are sampled alike whoever does it and when. The public salt is in this file: whoever knows it can
plant the sampled values. With a key the coordinates are an HMAC of it (RFC 2104), and nobody who
has not the key knows where they are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

COORDINATES = 64
LINES = 256
"""The longest run of neighbouring lines."""
WINDOW = 256
"""A table's run begins among so many first lines, so that more or fewer tokens move nothing."""
PUBLIC = "public"
"""The name of the coordinates that everybody knows."""
KEYED = re.compile(r"key:[0-9a-f]{16}")
"""Names of the coordinates of a secret."""
SALT = b"provenance weights v1"
RESERVED, MANY = 2_048, 8_192
"""Lines at the beginning of a table of many, which may be those of tokens that nobody used and are
nearly alike: they are passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """A way to choose; `name` tells which, and never says the key."""

    name: str = PUBLIC
    key: bytes = SALT

    @classmethod
    def keyed(cls, key: bytes) -> Coordinates:
        """Those of a secret of 16 bytes or more."""
        mark = hmac.new(key, b"provenance key name", hashlib.sha256).hexdigest()
        return cls(name=f"key:{mark[:16]}", key=key)

    @classmethod
    def paired(cls, child: str, parent: str) -> Coordinates:
        """Those of two models by the digests of their manifests: to plant weights there changes the
        manifest, and with it where they are."""
        key = hashlib.sha256(f"{child}\n{parent}".encode()).digest()
        return cls(name=f"pair:{key.hex()[:16]}", key=key)

    def columns(self, width: int) -> Indices:
        """The coordinates of a residual axis of that length, ascending; at most COORDINATES."""
        if width <= COORDINATES:
            return np.arange(width)
        order = np.argsort(self._stream(f"columns:{width}", width), kind="stable")
        return np.sort(order[:COORDINATES])

    def first(self, width: int, across: int, *, table: bool = False) -> int:
        """Where the run of lines begins on an axis of length `across`, however long the run is: at
        most LINES of them fit behind it, or all where there are fewer.

        In a table it does not depend on that length, and fewer may fit.
        """
        if table and across > WINDOW:
            behind = RESERVED if across > MANY else 0
            return behind + int(self._stream(f"table:{width}", 1)[0]) % WINDOW
        room = across - min(LINES, across) + 1
        return int(self._stream(f"lines:{width}:{across}", 1)[0]) % room

    def _stream(self, label: str, count: int) -> npt.NDArray[np.uint64]:
        """So many numbers of 64 bits, by HMAC-SHA-256 in counter mode."""
        blocks = (
            hmac.new(self.key, f"{label}:{n}".encode(), hashlib.sha256).digest()
            for n in range(-(-count // 4))
        )
        return np.frombuffer(b"".join(blocks), "<u8")[:count]


def is_keyed(name: str) -> bool:
    """Whether coordinates of this name are those of a secret: such a fingerprint stays private."""
    return bool(KEYED.fullmatch(name))
