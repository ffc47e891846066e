"""X.509 certificates: who they name, what they may do, and how they chain (RFC 5280)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.errors import Malformed
from provenance.keys.public import UNREADABLE, PublicKey

MAX_CERTIFICATES = 16

# The extended usages (RFC 5280, section 4.2.1.12) of which a signer or a clock needs one.
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
SIGNING = frozenset({ExtendedKeyUsageOID.CODE_SIGNING, ANY})
TIMESTAMPING = frozenset({ExtendedKeyUsageOID.TIME_STAMPING, ANY})


@dataclass(frozen=True)
class Certificate:
    """One certificate whose names and extensions could all be read."""

    raw: x509.Certificate

    @classmethod
    def from_der(cls, data: bytes) -> Certificate:
        """The certificate of DER bytes, or Malformed."""
        try:
            return cls._readable(x509.load_der_x509_certificate(data))
        except UNREADABLE:
            raise Malformed("not a readable X.509 certificate") from None

    @classmethod
    def _readable(cls, certificate: x509.Certificate) -> Certificate:
        """The certificate, once all that is parsed late has been parsed."""
        found = cls(certificate)
        _ = (found.subject, found.issuer, found.promises, certificate.public_key())
        return found

    def __reduce__(self) -> tuple[object, ...]:
        return Certificate.from_der, (self.der,)

    @cached_property
    def der(self) -> bytes:
        """The DER bytes."""
        return self.raw.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        """The PEM text, newline included."""
        return self.raw.public_bytes(serialization.Encoding.PEM).decode()

    @cached_property
    def fingerprint(self) -> str:
        """`sha256:<hex>` over the DER bytes."""
        return "sha256:" + hashlib.sha256(self.der).hexdigest()

    @cached_property
    def key(self) -> PublicKey:
        """The subject's public key, or Malformed."""
        try:
            return PublicKey.of(self.raw.public_key())
        except UNREADABLE:
            raise Malformed("the certificate's key cannot be read") from None

    @cached_property
    def subject(self) -> str:
        """The subject's distinguished name (RFC 4514)."""
        return self.raw.subject.rfc4514_string()

    @cached_property
    def issuer(self) -> str:
        """The issuer's distinguished name (RFC 4514)."""
        return self.raw.issuer.rfc4514_string()

    @cached_property
    def promises(self) -> tuple[tuple[bytes, datetime], ...]:
        """The embedded promises to log it (RFC 6962, section 3.3): each log's id, and when."""
        kind = x509.PrecertificateSignedCertificateTimestamps
        try:
            found = self.raw.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return ()
        return tuple((sct.log_id, sct.timestamp.replace(tzinfo=UTC)) for sct in found)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The e-mail addresses, URIs and host names of the subject alternative name."""
        try:
            found = self.raw.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return ()
        kinds = (x509.RFC822Name, x509.UniformResourceIdentifier, x509.DNSName)
        return tuple(name.value for name in found.value if isinstance(name, kinds))

    @cached_property
    def is_authority(self) -> bool:
        """Whether it may sign certificates: cA, and keyCertSign."""
        extensions = self.raw.extensions
        try:
            constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
            usage = extensions.get_extension_for_class(x509.KeyUsage).value
        except x509.ExtensionNotFound:
            return False
        return constraints.ca and usage.key_cert_sign

    def may_sign(self) -> bool:
        """Whether it may sign data: digitalSignature, and no EKU list that leaves code out."""
        extensions = self.raw.extensions
        try:
            if not extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
                return False
        except x509.ExtensionNotFound:
            return False
        return self.may_issue(SIGNING)

    def may_issue(self, usages: frozenset[x509.ObjectIdentifier]) -> bool:
        """Whether its extended usages leave room for one of `usages`: listed, or no list at all."""
        try:
            listed = self.raw.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            return True
        return not usages.isdisjoint(listed)

    @property
    def is_for_timestamps(self) -> bool:
        """Whether it is a clock's (RFC 3161, section 2.3): a critical usage, for timestamps."""
        try:
            found = self.raw.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        except x509.ExtensionNotFound:
            return False
        return found.critical and ExtendedKeyUsageOID.TIME_STAMPING in found.value

    def is_issued_by(self, issuer: Certificate) -> bool:
        """Whether the key of `issuer` signed it, under the name of `issuer`."""
        try:
            self.raw.verify_directly_issued_by(issuer.raw)
        except UNREADABLE:
            return False
        return True

    def is_issue_of(self, other: Certificate) -> bool:
        """Whether it has the same name and key: an authority may issue its certificate again, with
        other dates and another number."""
        own, others = self.raw.public_key(), other.raw.public_key()
        return self.raw.subject == other.raw.subject and own == others

    def valid_at(self, moment: datetime) -> bool:
        """Whether `moment` lies in the validity, both ends included (RFC 5280, section 4.1.2.5)."""
        return self.raw.not_valid_before_utc <= moment <= self.raw.not_valid_after_utc

    @property
    def starts(self) -> datetime:
        """When it begins to be valid."""
        return self.raw.not_valid_before_utc

    @property
    def ends(self) -> datetime:
        """When it stops being valid."""
        return self.raw.not_valid_after_utc

    @property
    def validity(self) -> str:
        """The validity as people read it."""
        start, end = self.raw.not_valid_before_utc, self.raw.not_valid_after_utc
        return f"{start:%Y-%m-%d} to {end:%Y-%m-%d}"

    @property
    def minutes(self) -> str:
        """The validity of a certificate that lives for minutes."""
        start, end = self.raw.not_valid_before_utc, self.raw.not_valid_after_utc
        return f"{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"

    def extension(self, oid: str) -> bytes | None:
        """The raw value of an extension this tool has no type for, or None."""
        for extension in self.raw.extensions:
            value = extension.value
            if extension.oid.dotted_string == oid and isinstance(value, x509.UnrecognizedExtension):
                return value.value
        return None


def certificates(pem: str) -> tuple[Certificate, ...]:
    """The certificates of a PEM text, one to sixteen of them, or Malformed."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except UNREADABLE:
        raise Malformed("no readable PEM certificate") from None
    if len(found) > MAX_CERTIFICATES:
        raise Malformed(f"more than {MAX_CERTIFICATES} certificates")
    return tuple(Certificate.from_der(c.public_bytes(serialization.Encoding.DER)) for c in found)
