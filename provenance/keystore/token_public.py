"""The public half of a key in a token, out of what lies beside it there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, Malformed
from provenance.formats import der
from provenance.keys import Certificate, PublicKey
from provenance.keystore.uri import TokenUri

if TYPE_CHECKING:
    import pkcs11

SEQUENCE, INTEGER, BITS, OCTETS, NULL = 0x30, 0x02, 0x03, 0x04, bytes.fromhex("0500")
EC = bytes.fromhex("06072a8648ce3d0201")
RSA = bytes.fromhex("06092a864886f70d010101")
ED25519 = bytes.fromhex("06032b6570")
"""Algorithms of keys, by the DER of their OIDs: RFC 5480, RFC 8017, RFC 8410."""


def public_key(session: pkcs11.Session, private: pkcs11.PrivateKey, uri: TokenUri) -> PublicKey:
    """The public key with the id and kind of the private one, else that of its certificate.

    Raises ConfigError where the token has neither, or the key is of a kind that signs nothing here.
    """
    import pkcs11

    kinds = (pkcs11.KeyType.EC, pkcs11.KeyType.RSA, pkcs11.KeyType.EC_EDWARDS)
    if private.key_type not in kinds:
        known = ", ".join(kind.name for kind in kinds)
        raise uri.wrong(f"expected a key of a kind in {known}, found {private.key_type!r}")
    try:
        for found in _beside(session, private):
            return found
    except (Malformed, IndexError) as error:
        raise uri.wrong(f"the public key in the token: {error}") from None
    raise ConfigError(
        "the token has no public key and no certificate with the id of the private key: import one",
        path=uri.text,
    )


def _beside(session: pkcs11.Session, private: pkcs11.PrivateKey) -> Iterator[PublicKey]:
    import pkcs11

    def objects(kind: pkcs11.ObjectClass) -> Iterator[pkcs11.Object]:
        return session.get_objects({pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.ID: private.id})

    for one in list(objects(pkcs11.ObjectClass.PUBLIC_KEY)):
        if isinstance(one, pkcs11.PublicKey) and one.key_type == private.key_type:
            yield PublicKey.from_der(_information(one))
    for each in list(objects(pkcs11.ObjectClass.CERTIFICATE)):
        yield Certificate.from_der(bytes(each[pkcs11.Attribute.VALUE])).key


def _information(key: pkcs11.PublicKey) -> bytes:
    """The SubjectPublicKeyInfo of a key by its attributes."""
    import pkcs11

    if key.key_type == pkcs11.KeyType.RSA:
        numbers = (pkcs11.Attribute.MODULUS, pkcs11.Attribute.PUBLIC_EXPONENT)
        pair = b"".join(_integer(bytes(key[name])) for name in numbers)
        return _wrapped(RSA + NULL, der.encoded(SEQUENCE, pair))
    point = _point(bytes(key[pkcs11.Attribute.EC_POINT]))
    if key.key_type == pkcs11.KeyType.EC:
        return _wrapped(EC + bytes(key[pkcs11.Attribute.EC_PARAMS]), point)
    return _wrapped(ED25519, point)


def _point(value: bytes) -> bytes:
    """A point as it is, or out of the OCTET STRING that PKCS #11 asks for."""
    try:
        found = der.children(value)
    except Malformed:
        return value
    return found[0][1] if len(found) == 1 and found[0][0] == OCTETS else value


def _wrapped(algorithm: bytes, key: bytes) -> bytes:
    return der.encoded(SEQUENCE, der.encoded(SEQUENCE, algorithm) + der.encoded(BITS, b"\0" + key))


def _integer(digits: bytes) -> bytes:
    """A number that is not negative, in the shortest form (X.690, section 8.3)."""
    number = int.from_bytes(digits, "big")
    return der.encoded(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))
