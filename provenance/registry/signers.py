"""Keys that sign a registry: our own, as python-tuf takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from securesystemslib.signer import CryptoSigner, Key, Signature, Signer, SSlibKey
from tuf.api.metadata import Metadata

from provenance.errors import ConfigError
from provenance.keys import PrivateKey, PublicKey, SigningKey

AnyMetadata = Metadata[Any]
"""Metadata of any role."""


@dataclass(frozen=True, slots=True)
class TufKey:
    """A key that signs a registry's metadata, or that is only known to: `private` is None then."""

    public: PublicKey
    private: SigningKey | None = None

    @property
    def key(self) -> Key:
        """The key as TUF names it, its id a digest of it; ConfigError if TUF knows no such key."""
        try:
            return SSlibKey.from_crypto(self.public.numbers)
        except ValueError as error:
            raise ConfigError(str(error), path=self.public.fingerprint) from None

    def checked(self) -> TufKey:
        """The same, or ConfigError for a key in a keystore whose signatures TUF does not read."""
        if self.key.keytype != "rsa":
            return self
        message = "is an RSA key in a keystore, and signs by PKCS #1 v1.5; TUF reads PSS alone"
        raise ConfigError(f"{message}: use a P-256 or Ed25519 key", path=self.public.fingerprint)

    def sign(self, metadata: AnyMetadata) -> None:
        """The metadata carries this key's signature beside those it has."""
        if isinstance(self.private, PrivateKey):
            metadata.sign(CryptoSigner(self.private.numbers), append=True)
        elif self.private:
            metadata.sign(Held(self.private, self.key), append=True)


class Held(Signer):
    """A key in a keystore, as python-tuf asks for signatures."""

    def __init__(self, private: SigningKey, public_key: Key) -> None:
        self._private, self._key = private, public_key

    @property
    def public_key(self) -> Key:
        """The public half."""
        return self._key

    @classmethod
    def from_priv_key_uri(
        cls,
        priv_key_uri: str,
        public_key: Key,
        secrets_handler: Callable[[str], str] | None = None,
    ) -> Signer:
        """NotImplementedError: keystores are opened by the room of that name."""
        raise NotImplementedError(priv_key_uri)

    def sign(self, payload: bytes) -> Signature:
        """The signature over these bytes."""
        return Signature(self._key.keyid, self._private.sign(payload).hex())


def distinct(hands: Iterable[TufKey], what: str) -> tuple[TufKey, ...]:
    """The hands, or ConfigError if two of them are one key: it would be counted twice."""
    found: dict[str, TufKey] = {}
    for tuf_key in hands:
        if tuf_key.public.fingerprint in found:
            raise ConfigError(f"{tuf_key.public.fingerprint} is given twice", path=what)
        found[tuf_key.public.fingerprint] = tuf_key
    return tuple(found.values())
