"""Which keystore a URI means, and the key that is held there."""

from __future__ import annotations

from collections.abc import Mapping

from provenance.errors import ConfigError
from provenance.keys import SigningKey
from provenance.keystore.asking import Pin

PKCS11 = "pkcs11"
SERVICES = ("awskms", "gcpkms", "azurekms", "hv")
"""URI schemes of securesystemslib's signers."""
SCHEMES = (PKCS11, *SERVICES)


def held(uri: str, variables: Mapping[str, str], pin: Pin) -> SigningKey:
    """The key of a URI whose scheme is one of SCHEMES, once it could be reached.

    `pin` is asked only where the URI has none and the token needs one. Raises ConfigError for a
    URI, a module, a PIN or a key that cannot be used, and SourceError where the keystore fails.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme == PKCS11:
        from provenance.keystore.pkcs11 import token_key

        return token_key(uri, variables, pin)
    if scheme in SERVICES:
        from provenance.keystore.service import service_key

        return service_key(uri)
    raise ConfigError(f"expected one of {', '.join(SCHEMES)}, found {scheme!r}", path=uri)
