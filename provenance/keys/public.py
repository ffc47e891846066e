"""Public keys: what they are called, and whether a signature is theirs."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from provenance.errors import Malformed

Numbers = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

# The hash follows the curve: Sigstore's algorithm registry, and OMS 1.0.
CURVES: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    "secp256r1": ("P-256", hashes.SHA256()),
    "secp384r1": ("P-384", hashes.SHA384()),
    "secp521r1": ("P-521", hashes.SHA512()),
}
HASHES = {algorithm.name: algorithm for _, algorithm in CURVES.values()}
KEY_DETAILS = {
    "P-256": "PKIX_ECDSA_P256_SHA_256",
    "P-384": "PKIX_ECDSA_P384_SHA_384",
    "P-521": "PKIX_ECDSA_P521_SHA_512",
    "Ed25519": "PKIX_ED25519",
}
LEAST_RSA_BITS = 2048
ACCEPTED = "P-256, P-384, P-521, Ed25519, or RSA of 2048 bits or more"

# What the parsers of keys and certificates raise on bytes that are neither.
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A message by its digest; `algorithm` is sha256, sha384 or sha512."""

    algorithm: str
    value: bytes

    @classmethod
    def of(cls, message: bytes | Digest, algorithm: str) -> Digest | None:
        """The digest of a message by this hash; None where only another one is at hand."""
        if isinstance(message, Digest):
            return message if message.algorithm == algorithm else None
        return cls(algorithm=algorithm, value=hashlib.new(algorithm, message).digest())


@dataclass(frozen=True)
class PublicKey:
    """A public key on P-256, P-384, P-521 or Ed25519, or RSA of 2048 bits or more."""

    numbers: Numbers

    @classmethod
    def of(cls, key: object) -> PublicKey:
        """`key` if it is of a kind that verifies here, else Malformed."""
        match key:
            case ec.EllipticCurvePublicKey() if key.curve.name in CURVES:
                return cls(key)
            case ed25519.Ed25519PublicKey():
                return cls(key)
            case rsa.RSAPublicKey() if key.key_size >= LEAST_RSA_BITS:
                return cls(key)
        raise Malformed(f"expected a key on {ACCEPTED}")

    @classmethod
    def from_pem(cls, text: str) -> PublicKey:
        """The key of a PEM SubjectPublicKeyInfo text (RFC 7468, section 13), or Malformed."""
        try:
            return cls.of(serialization.load_pem_public_key(text.encode()))
        except UNREADABLE:
            raise Malformed("not a PEM public key") from None

    @classmethod
    def from_der(cls, data: bytes) -> PublicKey:
        """The key of a DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), or Malformed."""
        try:
            return cls.of(serialization.load_der_public_key(data))
        except UNREADABLE:
            raise Malformed("not a DER public key") from None

    def __reduce__(self) -> tuple[object, ...]:
        return PublicKey.from_der, (self.der,)

    @cached_property
    def pem(self) -> str:
        """The PEM SubjectPublicKeyInfo text, newline included."""
        return self.numbers.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    @cached_property
    def der(self) -> bytes:
        """The DER SubjectPublicKeyInfo."""
        return self.numbers.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @cached_property
    def fingerprint(self) -> str:
        """`sha256:<hex>` over the DER SubjectPublicKeyInfo."""
        return "sha256:" + hashlib.sha256(self.der).hexdigest()

    @cached_property
    def hint(self) -> str:
        """What OMS bundles name this key by: hex SHA-256 of the PEM text."""
        return hashlib.sha256(self.pem.encode()).hexdigest()

    @cached_property
    def hints(self) -> frozenset[str]:
        """Every hint in use for this key: OMS's, and base64 SHA-256 of the DER (cosign)."""
        digest = hashlib.sha256(self.der).digest()
        return frozenset({self.hint, base64.b64encode(digest).decode()})

    @property
    def description(self) -> str:
        """The kind of key, as people say it."""
        match self.numbers:
            case ec.EllipticCurvePublicKey():
                return CURVES[self.numbers.curve.name][0]
            case rsa.RSAPublicKey():
                return f"RSA-{self.numbers.key_size}"
        return "Ed25519"

    @property
    def rsa_bits(self) -> int | None:
        """The size of an RSA key; None of any other."""
        return self.numbers.key_size if isinstance(self.numbers, rsa.RSAPublicKey) else None

    @property
    def details(self) -> str | None:
        """The `keyDetails` word older bundles state for this key, where there is one."""
        return KEY_DETAILS.get(self.description)

    @property
    def algorithm(self) -> str:
        """The hash that belongs to the key, as hashlib names it."""
        if isinstance(self.numbers, ec.EllipticCurvePublicKey):
            return CURVES[self.numbers.curve.name][1].name
        return "sha256"

    def signs(self, algorithm: str) -> bool:
        """Whether a signature by this key can be held against a digest by this hash."""
        hashes_first = not isinstance(self.numbers, ed25519.Ed25519PublicKey)
        return hashes_first and algorithm == self.algorithm

    def verifies(self, signature: bytes, message: bytes | Digest, *, by: str = "") -> bool:
        """Whether `signature` is this key's over `message`, by its own hash or by another.

        Of a message only its digest may be at hand, by the key's own hash.
        """
        if isinstance(message, Digest):
            return self.signs(message.algorithm) and self._verifies(
                signature, message.value, Prehashed(HASHES[message.algorithm])
            )
        return self._verifies(signature, message, HASHES[by or self.algorithm])

    def _verifies(
        self, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm | Prehashed
    ) -> bool:
        try:
            match self.numbers:
                case ec.EllipticCurvePublicKey():
                    self.numbers.verify(signature, data, ec.ECDSA(algorithm))
                case ed25519.Ed25519PublicKey():
                    self.numbers.verify(signature, data)
                case rsa.RSAPublicKey():
                    self.numbers.verify(signature, data, padding.PKCS1v15(), algorithm)
        except InvalidSignature:
            return False
        return True
