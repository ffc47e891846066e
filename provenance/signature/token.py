"""What an RFC 3161 response holds beside the bytes that its signature covers, to the octet.

The signature of a CMS covers the signed attributes alone, and those the TSTInfo. All the rest is
compared here with what it must be: how the response is wrapped, who is said to have signed, which
certificates ride along (RFC 3161, sections 2.4.2; RFC 5652, section 5; RFC 5816).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats import der
from provenance.keys import Certificate

SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
SIGNING_CERTIFICATE = bytes.fromhex("2a864886f70d010910020c")
SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
ALTERNATIVE_NAME = bytes.fromhex("551d11")
GRANTED, VERSION_1, VERSION_3 = b"\0", b"\1", b"\3"
NULL = ((0x05, b""),)
INTEGER, OCTETS, OBJECT, UTF8, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x0C, 0x30, 0x31
CONTEXT_0, CONTEXT_1, CONTEXT_3, DIRECTORY_NAME = 0xA0, 0xA1, 0xA3, 0xA4
SIGNER_INFO = (INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0, SEQUENCE, OCTETS)
MAX_CERTIFICATES = 16

# Digests, and which signature algorithms go with each: RFC 5754, RFC 5758. By the DER of the OIDs.
RSA = bytes.fromhex("2a864886f70d010101")
DIGESTS = {
    bytes.fromhex(f"6086480165030402{digest}"): name
    for digest, name in (("01", "sha256"), ("02", "sha384"), ("03", "sha512"))
}
ALGORITHMS = {
    bytes.fromhex(f"6086480165030402{digest}"): {
        RSA,
        bytes.fromhex(f"2a864886f70d0101{rsa}"),
        bytes.fromhex(f"2a8648ce3d0403{ecdsa}"),
    }
    for digest, rsa, ecdsa in (("01", "0b", "02"), ("02", "0c", "03"), ("03", "0d", "04"))
}

Value = tuple[int, bytes]


def check(response: bytes, certificates: Sequence[Certificate]) -> None:
    """Every octet outside of the signature is as it must be, by a clock of these certificates.

    `certificates` are the clock's own first, then those above it. Raises Malformed.
    """
    content, carried, signer = _signed_data(response)
    leaf = CertificateNames.of(certificates[0])
    _carried(carried, certificates)
    attributes = _signer(signer, leaf)
    _names_certificate(attributes, leaf)
    _names_authority(content, leaf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a response brings along to be verified by: nothing of it is verified."""

    certificates: tuple[Certificate, ...]
    info: bytes
    attributes: bytes
    algorithm: str
    signature: bytes

    @classmethod
    def of(cls, response: bytes) -> Carried:
        """What a response brings along, or Malformed."""
        info, riding, signer = _signed_data(response)
        _, _, digest, attributes, _, signature = _exactly(signer, *SIGNER_INFO)
        return cls(
            certificates=tuple(Certificate.from_der(der.encoded(*one)) for one in riding),
            info=der.encoded(SEQUENCE, info),
            attributes=attributes,
            algorithm=DIGESTS.get(_algorithm(digest), ""),
            signature=signature,
        )

    def is_signed_by(self, certificate: Certificate) -> bool:
        """Whether the certificate's key signed it: the attributes, and by them the TSTInfo (RFC
        5652, section 5.4)."""
        if not self.algorithm:
            return False
        stated = [value for kind, value in self._attributes if kind == MESSAGE_DIGEST]
        digest = hashlib.new(self.algorithm, self.info).digest()
        return stated == [der.encoded(OCTETS, digest)] and certificate.key.verifies(
            self.signature, der.encoded(SET, self.attributes), by=self.algorithm
        )

    @property
    def _attributes(self) -> Iterator[tuple[bytes, bytes]]:
        return (
            _attribute(value) for tag, value in der.children(self.attributes) if tag == SEQUENCE
        )


def names(response: bytes, certificate: Certificate) -> bool:
    """Whether the response says that this certificate signed it; saying so proves nothing."""
    try:
        _, _, signer = _signed_data(response)
        _said_signer(signer, CertificateNames.of(certificate))
    except Malformed:
        return False
    return True


class CertificateNames:
    """The names and the number of a certificate, as its own octets have them."""

    def __init__(self, certificate: Certificate) -> None:
        body = der.children(der.child(certificate.der, 0, 0))
        fields = body[1:] if body[0][0] == CONTEXT_0 else body
        self.der = certificate.der
        self.serial, self.issuer, self.subject = fields[0][1], fields[2][1], fields[4][1]
        self.alternatives = _alternatives(fields[6:])

    @classmethod
    def of(cls, certificate: Certificate) -> CertificateNames:
        """The names of a certificate, or Malformed."""
        try:
            return cls(certificate)
        except IndexError:
            raise _bad("its certificate cannot be read") from None


def _alternatives(fields: Sequence[Value]) -> tuple[Value, ...]:
    """The names of a subjectAltName extension, each with its tag."""
    for tag, value in fields:
        for _, extension in der.children(der.child(value, 0)) if tag == CONTEXT_3 else ():
            parts = der.children(extension)
            if parts[0] == (OBJECT, ALTERNATIVE_NAME):
                return der.children(der.child(parts[-1][1], 0))
    return ()


def _signed_data(response: bytes) -> tuple[bytes, tuple[Value, ...], bytes]:
    """The TSTInfo, the certificates that ride along, and the one SignerInfo of a response."""
    (whole,) = _exactly(response, SEQUENCE)
    status, token = _exactly(whole, SEQUENCE, SEQUENCE)
    _status(status)
    kind, wrapped = _exactly(token, OBJECT, CONTEXT_0)
    (signed,) = _exactly(wrapped, SEQUENCE)
    fields = der.children(signed)
    riding = [value for tag, value in fields if tag == CONTEXT_0]
    tags = (INTEGER, SET, SEQUENCE, *(CONTEXT_0 for _ in riding), SET)
    version, digests, content, *_, signers = _exactly(signed, *tags)
    if (kind, version) != (SIGNED_DATA, VERSION_3) or len(riding) > 1:
        raise _bad("not a SignedData of version 3")
    (algorithm,) = _exactly(digests, SEQUENCE)
    (signer,) = _exactly(signers, SEQUENCE)
    if _algorithm(algorithm) != _algorithm(der.child(signer, 2)):
        raise _bad("its digest algorithms are not the signer's")
    kind, wrapped = _exactly(content, OBJECT, CONTEXT_0)
    (info,) = _exactly(wrapped, OCTETS)
    (info,) = _exactly(info, SEQUENCE)
    if kind != TST_INFO:
        raise _bad("what it signs is not a TSTInfo")
    return info, der.children(riding[0]) if riding else (), signer


def _status(status: bytes) -> None:
    """Granted; an authority may say so in words."""
    fields = der.children(status)
    if fields[:1] != ((INTEGER, GRANTED),) or len(fields) > 2:
        raise _bad("the authority did not grant it")
    for tag, value in fields[1:]:
        words = der.children(value) if tag == SEQUENCE else ()
        if not words or any(kind != UTF8 for kind, _ in words):
            raise _bad("the status of the response is not in words")


def _signer(signer: bytes, leaf: CertificateNames) -> tuple[Value, ...]:
    """The signed attributes of the one SignerInfo, once the rest of it is as it must be."""
    algorithm, attributes = _said_signer(signer, leaf)
    digest, signature = algorithm
    if signature not in ALGORITHMS.get(digest, ()):
        raise _bad("its signature algorithm does not belong to its digest algorithm")
    return der.children(attributes)


def _said_signer(signer: bytes, leaf: CertificateNames) -> tuple[tuple[bytes, bytes], bytes]:
    """The algorithms and signed attributes of a SignerInfo that names `leaf`, or Malformed."""
    version, named, digest, attributes, algorithm, _ = _exactly(signer, *SIGNER_INFO)
    if version != VERSION_1:
        raise _bad("a SignerInfo of another version")
    issuer, serial = _exactly(named, SEQUENCE, INTEGER)
    if (issuer, serial) != (leaf.issuer, leaf.serial):
        raise _bad("it names another certificate, by issuer and serial number, than the clock's")
    return (_algorithm(digest), _algorithm(algorithm)), attributes


def _names_certificate(attributes: Sequence[Value], leaf: CertificateNames) -> None:
    """The signed word of which certificate signs (ESSCertID) is the clock's own."""
    found = [_attribute(value) for tag, value in attributes if tag == SEQUENCE]
    named = [v for kind, v in found if kind in (SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2)]
    if not named:
        raise _bad("its signed attributes do not say which certificate signs")
    for value in named:
        first = der.children(der.child(value, 0, 0, 0))
        old = (SIGNING_CERTIFICATE, value) in found
        digest, rest = ("sha1" if old else "sha256"), first
        if not old and first and first[0][0] == SEQUENCE:
            digest, rest = DIGESTS.get(_algorithm(first[0][1]), ""), first[1:]
        if not digest or not rest or len(rest) > 2 or rest[0][0] != OCTETS:
            raise _bad("the certificate that signs is named in a way that cannot be read")
        hashed = hashlib.new(digest, leaf.der, usedforsecurity=False).digest()
        if rest[0][1] != hashed or not all(_is_issuer(v, leaf) for v in rest[1:]):
            raise _bad("its signed attributes name another certificate than the clock's")


def _attribute(value: bytes) -> tuple[bytes, bytes]:
    kind, values = _exactly(value, OBJECT, SET)
    return kind, values


def _is_issuer(value: Value, leaf: CertificateNames) -> bool:
    """Whether an IssuerSerial is that of the clock's certificate."""
    tag, both = value
    if tag != SEQUENCE:
        return False
    general, serial = _exactly(both, SEQUENCE, INTEGER)
    (directory,) = _exactly(general, DIRECTORY_NAME)
    (issuer,) = _exactly(directory, SEQUENCE)
    return (issuer, serial) == (leaf.issuer, leaf.serial)


def _names_authority(info: bytes, leaf: CertificateNames) -> None:
    """Where the TSTInfo names the authority, that is a name of the clock's certificate."""
    # Version, policy, imprint, serial number and time come first; an extension has another tag.
    for tag, value in der.children(info)[5:]:
        if tag == CONTEXT_0:
            ((kind, name),) = der.children(value) or ((0, b""),)
            directory = (DIRECTORY_NAME, der.child(name, 0)) if kind == DIRECTORY_NAME else None
            own = (DIRECTORY_NAME, leaf.subject)
            if directory != own and (kind, name) not in leaf.alternatives:
                raise _bad("it names an authority that the clock's certificate does not")


def _carried(riding: Sequence[Value], certificates: Sequence[Certificate]) -> None:
    """Every certificate that rides along is registered, or issued by one that is."""
    if len(riding) > MAX_CERTIFICATES:
        raise _bad(f"{len(riding)} certificates ride along, expected {MAX_CERTIFICATES} at most")
    known = list(certificates)
    own = {der.child(certificate.der, 0) for certificate in certificates}
    odd = [Certificate.from_der(der.encoded(*one)) for one in riding if one[1] not in own]
    while odd:
        placed = [one for one in odd if any(one.is_issued_by(above) for above in known)]
        if not placed:
            raise _bad(
                f"it carries the certificate {odd[0].subject}, which no registered one issued: "
                "add it to the authority's certificates if you know it"
            )
        known += placed
        odd = [one for one in odd if one not in placed]


def _algorithm(value: bytes) -> bytes:
    """The OID of an AlgorithmIdentifier whose parameters are NULL or absent."""
    kind, *parameters = der.children(value)
    if kind[0] != OBJECT or tuple(parameters) not in ((), NULL):
        raise _bad("an algorithm has parameters")
    return kind[1]


def _exactly(data: bytes, *tags: int) -> tuple[bytes, ...]:
    """The values in `data`, which are of these tags and no more."""
    found = der.children(data)
    if tuple(tag for tag, _ in found) != tags:
        raise _bad("it is not built as RFC 3161 says, or something was added to it")
    return tuple(value for _, value in found)


def _bad(message: str) -> Malformed:
    return Malformed(message, slug="timestamp")
