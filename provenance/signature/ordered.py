"""RFC 3161 responses in the order that DER has, which not every authority keeps."""

from __future__ import annotations

from provenance.errors import Malformed
from provenance.formats import der

SEQUENCE, CONTEXT_0 = 0x30, 0xA0
WAY = ((SEQUENCE, 0), (SEQUENCE, 1), (CONTEXT_0, 1), (SEQUENCE, 0))
"""From a TimeStampResp down to the fields of its SignedData: the tag and the place of each."""


def in_order(response: bytes) -> bytes:
    """The same response with the certificates that ride along in the order of DER's sets.

    Nothing signs that order (RFC 5652, section 5.1). OpenSSL writes them as they were given to it,
    and rfc3161-client reads only sets that are in order (X.690, section 11.6). What is built in
    another way is returned as it is.
    """
    try:
        found = _in_order(response, 0)
    except Malformed:
        return response
    return found if len(found) == len(response) else response


def _in_order(data: bytes, depth: int) -> bytes:
    """The values in `data`, with the certificates that lie below them sorted."""
    values = der.children(data)
    if depth == len(WAY):
        return b"".join(_sorted(*one) for one in values)
    return b"".join(
        der.encoded(tag, _in_order(value, depth + 1) if (tag, place) == WAY[depth] else value)
        for place, (tag, value) in enumerate(values)
    )


def _sorted(tag: int, value: bytes) -> bytes:
    if tag == CONTEXT_0:
        value = b"".join(sorted(der.encoded(*one) for one in der.children(value)))
    return der.encoded(tag, value)
