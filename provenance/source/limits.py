"""How much of one model is looked at; what lies beyond is unknown, never a crash."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one model may cost; sizes in bytes.

    `kept` bounds what is kept of small files, headers and bundles together, `head` what is read
    of one file for its facts. Bodies that are being hashed do not count.
    """

    entries: int = 200_000
    kept: int = 64 * MEBIBYTE
    head: int = 16 * MEBIBYTE
    bundle: int = 4 * MEBIBYTE
    bundles: int = 64
    needs: int = 4
    parts: int = 100_000


DEFAULT = Limits()
