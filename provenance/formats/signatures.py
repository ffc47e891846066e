"""Detached signatures of other tools, told by their form: nothing is verified here.

OpenPGP (RFC 9580), SSH (OpenSSH's PROTOCOL.sshsig), minisign and signify, CMS (RFC 5652), and raw
ones, in bytes or as the one line of base64 that cosign writes.
"""

from __future__ import annotations

import base64
import binascii
from fnmatch import fnmatchcase

from provenance.errors import Malformed
from provenance.formats import der

NAMES = ("model.sig", "*.sig", "*.sigstore.json", "*.sigstore", "*.intoto.jsonl", "claims.jsonl")
ARMOURS = (
    (b"-----BEGIN PGP SIGN", "OpenPGP"),
    (b"-----BEGIN SSH SIGNATURE-----", "SSH"),
    (b"SSHSIG", "SSH"),
    (b"untrusted comment:", "minisign"),
    (b"-----BEGIN PKCS7-----", "CMS"),
    (b"-----BEGIN CMS-----", "CMS"),
)
SIGNED_DATA = (0x06, bytes.fromhex("2a864886f70d010702"))
PICKLE, STOP = b"\x80", b"."
RAW_SIZES = frozenset({64, 96, 114, 132, 256, 384, 512})
"""Ed25519 and ECDSA by two numbers, Ed448, RSA of 2048 to 4096 bits."""

OLD_PACKETS, NEW_PACKET, VERSIONS = range(0x88, 0x8C), 0xC2, frozenset({3, 4, 5, 6})


def is_evidence_name(path: str) -> bool:
    """Whether a file at the top of a model would be evidence, if it also is a bundle."""
    return "/" not in path and any(fnmatchcase(path, pattern) for pattern in NAMES)


def foreign(data: bytes) -> str:
    """Which tool's detached signature these bytes have the form of; empty if of none known."""
    for beginning, kind in ARMOURS:
        if data.startswith(beginning):
            return kind
    found = _binary(data)
    if found or not data.isascii():
        return found
    try:
        return _binary(base64.b64decode(b"".join(data.split()), validate=True))
    except binascii.Error:
        return ""


def _binary(data: bytes) -> str:
    if _is_openpgp(data):
        return "OpenPGP"
    try:
        ((tag, value),) = der.children(data)
        fields = der.children(value) if tag == 0x30 else ()
    except (Malformed, ValueError):
        fields = ()
    if fields[:1] == (SIGNED_DATA,):
        return "CMS"
    ecdsa = [tag for tag, _ in fields] == [0x02, 0x02]
    pickled = data[:1] == PICKLE and data[-1:] == STOP
    raw = len(data) in RAW_SIZES and not data.isascii() and not pickled
    return "raw" if ecdsa or raw else ""


def _is_openpgp(data: bytes) -> bool:
    """Whether it begins with a whole signature packet (RFC 9580, sections 4.2 and 5.2)."""
    if len(data) < 4:
        return False
    if data[0] in OLD_PACKETS:
        octets = (1, 2, 4, 0)[data[0] & 3]
        length = int.from_bytes(data[1 : 1 + octets], "big") if octets else len(data) - 1
    elif data[0] == NEW_PACKET:
        octets = 1 if data[1] < 192 else 2 if data[1] < 224 else 5
        length = data[1]
        if octets == 2:
            length = (data[1] - 192 << 8) + data[2] + 192
        elif octets == 5:
            length = int.from_bytes(data[2:6], "big")
    else:
        return False
    body = data[1 + octets :]
    return 0 < length <= len(body) and body[0] in VERSIONS
