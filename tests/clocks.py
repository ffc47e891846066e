"""A timestamp authority of the tests: RFC 3161 responses, written out value by value, and bent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from provenance.formats.der import child, children, encoded
from provenance.keys import Certificate
from tests import forge

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHA256 = encoded(0x30, bytes.fromhex("0609608648016503040201"))
ECDSA = encoded(0x30, bytes.fromhex("06082a8648ce3d040302"))
LONG = {"start": forge.NOW - 30 * forge.DAY, "end": forge.NOW + 3000 * forge.DAY}
ROOT = forge.certificate("stamps-root", ca=True, **LONG)
CLOCK = forge.certificate("stamps", "stamps-root", usages=("time",), **LONG)


@dataclass(frozen=True, kw_only=True)
class Bent:
    """What is not as it should be in a response."""

    tsa: Certificate = CLOCK
    signer: Certificate = CLOCK
    ess: Certificate = CLOCK
    carried: tuple[Certificate, ...] = (CLOCK,)
    status: bytes = bytes.fromhex("020100")
    after: bytes = b""
    inside: bytes = b""
    attributes: bytes = b""
    key: str = "stamps"
    nonce: bytes = b""
    imprint: bytes = b""
    backwards: bool = False


def stamp(signature: bytes, moment: datetime = NOW, bent: Bent = Bent()) -> bytes:
    """The response of the clock over `signature` at `moment`, bent as said."""
    info = _info(signature, moment, bent)
    attributes = _attributes(info, bent)
    signed = forge.key(bent.key).sign(encoded(0x31, attributes))
    signer = encoded(
        0x30,
        encoded(0x02, b"\1")
        + encoded(0x30, _issuer(bent.signer) + _serial(bent.signer))
        + SHA256
        + encoded(0xA0, attributes)
        + ECDSA
        + encoded(0x04, signed)
        + bent.attributes,
    )
    order = sorted((certificate.der for certificate in bent.carried), reverse=bent.backwards)
    riding = b"".join(order)
    data = encoded(
        0x30,
        encoded(0x02, b"\3")
        + encoded(0x31, SHA256)
        + encoded(0x30, _oid("2a864886f70d0109100104") + encoded(0xA0, encoded(0x04, info)))
        + (encoded(0xA0, riding) if riding else b"")
        + encoded(0x31, signer)
        + bent.inside,
    )
    token = encoded(0x30, _oid("2a864886f70d010702") + encoded(0xA0, data))
    return encoded(0x30, encoded(0x30, bent.status) + token) + bent.after


def _info(signature: bytes, moment: datetime, bent: Bent) -> bytes:
    imprint = encoded(0x30, SHA256 + encoded(0x04, bent.imprint or sha256(signature).digest()))
    return encoded(
        0x30,
        encoded(0x02, b"\1")
        + _oid("2a0304")
        + imprint
        + encoded(0x02, b"\5")
        + encoded(0x18, f"{moment:%Y%m%d%H%M%SZ}".encode())
        + (encoded(0x02, bent.nonce) if bent.nonce else b"")
        + encoded(0xA0, encoded(0xA4, _name(bent.tsa, 4))),
    )


def _attributes(info: bytes, bent: Bent) -> bytes:
    serial = encoded(0x30, encoded(0x30, encoded(0xA4, _issuer(bent.ess))) + _serial(bent.ess))
    named = encoded(0x30, encoded(0x04, sha256(bent.ess.der).digest()) + serial)
    values = (
        ("2a864886f70d010903", _oid("2a864886f70d0109100104")),
        ("2a864886f70d010904", encoded(0x04, sha256(info).digest())),
        ("2a864886f70d010910022f", encoded(0x30, encoded(0x30, named))),
    )
    made = (encoded(0x30, _oid(kind) + encoded(0x31, value)) for kind, value in values)
    return b"".join(sorted(made))


def _oid(digits: str) -> bytes:
    return encoded(0x06, bytes.fromhex(digits))


def _name(certificate: Certificate, field: int) -> bytes:
    """The issuer (2) or subject (4) of a certificate of version 3, as it stands there."""
    return encoded(0x30, children(child(certificate.der, 0, 0))[1 + field][1])


def _issuer(certificate: Certificate) -> bytes:
    return _name(certificate, 2)


def _serial(certificate: Certificate) -> bytes:
    return encoded(0x02, children(child(certificate.der, 0, 0))[1][1])
