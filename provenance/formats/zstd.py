"""Zstandard (RFC 8878), unpacked within a bound; before Python 3.14 by `backports.zstd`."""

from __future__ import annotations

import sys

from provenance.errors import Malformed

MAX_FRAMES = 1_000


def unpacked(data: bytes, limit: int) -> bytes:
    """The first `limit` bytes, or fewer, of all frames together; Malformed, slug `zstd`.

    So it is too, with the slug `missing`, where nothing here reads it.
    """
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        message = "is packed by Zstandard, which nothing here reads"
        raise Malformed(message, slug="missing") from None
    found = b""
    try:
        for _ in range(MAX_FRAMES):
            frame = zstd.ZstdDecompressor()
            found += frame.decompress(data, limit - len(found))
            if len(found) == limit:
                return found
            if not frame.eof:
                raise Malformed("it ends before its end", slug="zstd")
            if not (data := frame.unused_data):
                return found
    except zstd.ZstdError as error:
        raise Malformed(f"no Zstandard: {str(error)[:200]}", slug="zstd") from None
    raise Malformed(f"more than {MAX_FRAMES} frames", slug="zstd")
