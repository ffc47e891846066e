"""A signature that a keystore made is held against the public key before it is used."""

from __future__ import annotations

from provenance.errors import SourceError
from provenance.keys import PublicKey


def own(public: PublicKey, signature: bytes, message: bytes, where: str) -> bytes:
    """The signature, if it is by this key over the message; SourceError if it is not."""
    if not public.verifies(signature, message):
        raise SourceError(
            f"{where}: expected a signature by the {public.description} key "
            f"{public.fingerprint}, found another: nothing was written"
        )
    return signature
