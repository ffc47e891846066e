"""Keys that sign a registry: our own, as python-tuf takes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from securesystemslib.signer import CryptoSigner, Key, SSlibKey
from tuf.api.metadata import Metadata

from provenance.errors import ConfigError
from provenance.keys import PrivateKey, PublicKey

AnyMetadata = Metadata[Any]
"""Metadata of any role."""


@dataclass(frozen=True, slots=True)
class TufKey:
    """A key that signs a registry's metadata, or that is only known to: `private` is None then."""

    public: PublicKey
    private: PrivateKey | None = None

    @property
    def key(self) -> Key:
        """The key as TUF names it, its id a digest of it; ConfigError if TUF knows no such key."""
        try:
            return SSlibKey.from_crypto(self.public.numbers)
        except ValueError as error:
            raise ConfigError(str(error), path=self.public.fingerprint) from None

    def sign(self, metadata: AnyMetadata) -> None:
        """The metadata carries this key's signature beside those it has."""
        if self.private:
            metadata.sign(CryptoSigner(self.private.numbers), append=True)


def distinct(hands: Iterable[TufKey], what: str) -> tuple[TufKey, ...]:
    """The hands, or ConfigError if two of them are one key: it would be counted twice."""
    found: dict[str, TufKey] = {}
    for tuf_key in hands:
        if tuf_key.public.fingerprint in found:
            raise ConfigError(f"{tuf_key.public.fingerprint} is given twice", path=what)
        found[tuf_key.public.fingerprint] = tuf_key
    return tuple(found.values())
