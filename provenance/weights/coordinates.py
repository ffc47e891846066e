"""Which values of a matrix are looked at: by a rule that both sides of a comparison follow.

Of the residual axis the same coordinates are taken in every matrix, of the other axis lines that
are scattered over the whole of it. Both follow from a salt and the lengths alone, so that two
models of one shape are sampled alike whoever does it and when. The public salt is in this file:
whoever knows it can plant the sampled values. With a key the coordinates are an HMAC of it
(RFC 2104), and nobody who has not the key knows where they are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Numbers = tuple[int, ...]

COORDINATES = 64
LINES = 256
"""The most lines of one matrix."""
DRAWS = 4_096
"""Numbers that are drawn to choose lines by: of an axis that is no power of two some are no line
of it, and others come again."""
PUBLIC = "public"
"""The name of the coordinates that everybody knows."""
KEYED = re.compile(r"key:[0-9a-f]{16}")
"""Names of the coordinates of a secret."""
SALT = b"provenance weights v2"
RESERVED, MANY = 2_048, 8_192
"""Lines at the beginning of a table of many, which may be those of tokens that nobody used and are
nearly alike: they are passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Lines of one axis in the order in which they were drawn: the `ordinals` of the numbers that
    chose them, ascending, and their `positions`, which a file of a key must not tell."""

    ordinals: Numbers
    positions: Numbers


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
        order = np.argsort(_stream(self.key, f"columns:{width}", width), kind="stable")
        return np.sort(order[:COORDINATES])

    def lines(self, width: int, across: int, count: int, *, table: bool = False) -> Chosen:
        """At most so many lines of an axis of length `across`, fewer where it has fewer.

        Axes with the same `bits` draw the same numbers: where one is a little longer, most lines
        are the same ones, and the ordinals tell which.
        """
        behind = RESERVED if table and across > MANY else 0
        ordinals, positions = _drawn(self.key, width, across, behind)
        return Chosen(ordinals=ordinals[:count], positions=positions[:count])


def bits(across: int) -> int:
    """How many bits the numbers have that choose lines of an axis of that length."""
    return max(0, across - 1).bit_length()


@lru_cache(maxsize=256)
def _drawn(key: bytes, width: int, across: int, behind: int) -> tuple[Numbers, Numbers]:
    """The ordinals of the first LINES numbers that are a new line of the axis, and these lines."""
    drawn = _stream(key, f"lines:{width}:{bits(across)}", DRAWS) % np.uint64(1 << bits(across))
    _, first = np.unique(drawn, return_index=True)
    ordinals = np.sort(first[(drawn[first] >= behind) & (drawn[first] < across)])[:LINES]
    return tuple(ordinals.tolist()), tuple(drawn[ordinals].tolist())


def _stream(key: bytes, label: str, count: int) -> npt.NDArray[np.uint64]:
    """So many numbers of 64 bits, by HMAC-SHA-256 in counter mode."""
    blocks = (
        hmac.new(key, f"{label}:{n}".encode(), hashlib.sha256).digest()
        for n in range(-(-count // 4))
    )
    return np.frombuffer(b"".join(blocks), "<u8")[:count]


def is_keyed(name: str) -> bool:
    """Whether coordinates of this name are those of a secret: such a fingerprint stays private."""
    return bool(KEYED.fullmatch(name))
