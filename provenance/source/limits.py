"""How much of one model is looked at; what lies beyond is unknown, never a crash."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one model may cost; sizes in bytes.

    `kept` bounds what is kept of small files, headers and bundles together, `head` what is read
    of one file for its facts, `ranged` what may be fetched of one that stays on a Hub, `sampled`
    what may be fetched of all its weights for a sample at one set of coordinates. `fingerprints` is
    with how many others it is compared, `maps` against how many parents whose weights are here is
    told what was changed. Bodies that are being hashed do not count.
    """

    entries: int = 200_000
    requests: int = 2_000
    ancestors: int = 256
    commits: int = 2_000
    kept: int = 64 * MEBIBYTE
    head: int = 16 * MEBIBYTE
    ranged: int = 80 * MEBIBYTE
    sampled: int = 16 * MEBIBYTE
    fingerprints: int = 2_048
    maps: int = 4
    bundle: int = 4 * MEBIBYTE
    bundles: int = 64
    needs: int = 4
    parts: int = 100_000


DEFAULT = Limits()
