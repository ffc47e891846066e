"""A file of Parquet that tells by itself whether it is what was written, and for what.

Parquet finds everything by its place from the beginning, and its footer from the end: between the
two stands a SHA-256 that no reader looks at (Apache Parquet, file format).
"""

from __future__ import annotations

from hashlib import sha256

MAGIC = b"PAR1"
"""What a file of Parquet begins and ends with: one that was cut short does not."""
TAIL = 8
"""Bytes behind the footer: its length and the magic."""
SIZE = sha256().digest_size


def with_checksum(data: bytes, name: str) -> bytes:
    """The file with a checksum of its bytes and of what it is called.

    Raises ValueError for bytes that are no file of Parquet.
    """
    at = _footer(data)
    if at is None:
        raise ValueError("expected a file of Parquet")
    return data[:at] + _checksum(data, name) + data[at:]


def has_checksum(data: bytes, name: str) -> bool:
    """Whether these are the bytes that `with_checksum` made for this name."""
    at = _footer(data)
    if at is None or at < len(MAGIC) + SIZE:
        return False
    return data[at - SIZE : at] == _checksum(data[: at - SIZE] + data[at:], name)


def _footer(data: bytes) -> int | None:
    """Where the footer begins, if this is a file of Parquet that was not cut short."""
    if len(data) < len(MAGIC) + TAIL or not (data.startswith(MAGIC) and data.endswith(MAGIC)):
        return None
    at = len(data) - TAIL - int.from_bytes(data[-TAIL : -len(MAGIC)], "little")
    return at if at >= len(MAGIC) else None


def _checksum(data: bytes, name: str) -> bytes:
    return sha256(name.encode() + b"\0" + data).digest()
