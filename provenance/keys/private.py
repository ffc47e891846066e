"""Private keys: what signs."""

from __future__ import annotations

from collections.abc import Callable
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
    def from_pem(cls, data: bytes, password: Callable[[], str] = str) -> PrivateKey:
        """The key of a PEM text, or Malformed; `password` is called for an encrypted one alone."""
        try:
            return cls._of(serialization.load_pem_private_key(data, None))
        except TypeError:
            secret = password().encode()
        except UNREADABLE:
            raise Malformed("not a PEM private key") from None
        try:
            return cls._of(serialization.load_pem_private_key(data, secret))
        except UNREADABLE:
            raise Malformed("the private key is encrypted, and this is a wrong password") from None

    @classmethod
    def _of(cls, key: object) -> PrivateKey:
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
