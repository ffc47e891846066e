"""Private keys: what signs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from provenance.errors import Malformed
from provenance.keys.public import ACCEPTED, CURVES, UNREADABLE, PublicKey


class SigningKey(Protocol):
    """Something that has a public key and signs bytes by its private half, wherever that lies."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """A signature over `message`, with the hash that belongs to the key; as `PublicKey`
        verifies it."""


Numbers = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class PrivateKey:
    """A private key that signs as `PublicKey.verifies` verifies."""

    numbers: Numbers

    @classmethod
    def from_pem(cls, data: bytes, password: str | None = None) -> PrivateKey:
        """The key of a PEM text, encrypted or not, or Malformed, whose slug is
        `encrypted` where only the password is missing."""
        secret = password.encode() if password else None
        try:
            key = serialization.load_pem_private_key(data, secret)
        except TypeError:
            if secret is None:
                raise Malformed("the private key needs its password", slug="encrypted") from None
            raise Malformed("the private key is not encrypted, and a password is set") from None
        except UNREADABLE:
            raise Malformed("not a PEM private key, or a wrong password") from None
        match key:
            case ec.EllipticCurvePrivateKey() | ed25519.Ed25519PrivateKey() | rsa.RSAPrivateKey():
                PublicKey.of(key.public_key())
                return cls(key)
        raise Malformed(f"expected a key on {ACCEPTED}")

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey.of(self.numbers.public_key())

    def sign(self, message: bytes) -> bytes:
        """A signature over `message`, with the hash that belongs to the key."""
        match self.numbers:
            case ec.EllipticCurvePrivateKey():
                return self.numbers.sign(message, ec.ECDSA(CURVES[self.numbers.curve.name][1]))
            case ed25519.Ed25519PrivateKey():
                return self.numbers.sign(message)
        return self.numbers.sign(message, padding.PKCS1v15(), hashes.SHA256())
