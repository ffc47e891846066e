"""Keys in the services of clouds and in Vault, by the signers of securesystemslib.

Who calls is known to those by their own ambient credentials, as the documentation of each says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from securesystemslib.exceptions import UnsupportedAlgorithmError, UnsupportedLibraryError
from securesystemslib.signer import (
    ECDSA_SHA2_NISTP256,
    ECDSA_SHA2_NISTP384,
    ECDSA_SHA2_NISTP521,
    ED25519,
    KEY_TYPE_RSA,
    RSA_PKCS1V15_SHA256,
    AWSSigner,
    AzureSigner,
    GCPSigner,
    Signer,
    SSlibKey,
    VaultSigner,
)

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.keys import PublicKey
from provenance.keystore.own import own

Imported = tuple[str, SSlibKey]
SCHEMES = (
    ECDSA_SHA2_NISTP256,
    ECDSA_SHA2_NISTP384,
    ECDSA_SHA2_NISTP521,
    ED25519,
    RSA_PKCS1V15_SHA256,
)
"""What signs as `PublicKey` verifies."""
ED25519_INFO = bytes.fromhex("302a300506032b6570032100")
"""What stands before the octets of a key in its SubjectPublicKeyInfo (RFC 8410, section 4)."""
EXTRAS = {"awskms": "awskms", "gcpkms": "gcpkms", "azurekms": "azurekms", "hv": "vault"}
FORMS = {
    "awskms": "awskms:KEY_ID, an ARN or alias/NAME",
    "gcpkms": "gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V",
    "azurekms": "azurekms://VAULT.vault.azure.net/keys/NAME or …/NAME/VERSION",
    "hv": "hv:NAME or hv:NAME/VERSION",
}
AZURE = ".vault.azure.net"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKey:
    """A private key that a service holds, and that only the service uses."""

    uri: str
    signer: Signer
    public: PublicKey

    def sign(self, message: bytes) -> bytes:
        """A signature over `message`. Raises SourceError where the service makes none."""
        try:
            made = bytes.fromhex(self.signer.sign(message).signature)
        except Exception as error:
            # What the clouds' libraries raise has no common base.
            raise SourceError(f"{self.uri}: no signature was made: {_first_line(error)}") from None
        return own(self.public, made, message, self.uri)


def service_key(uri: str) -> ServiceKey:
    """The key that a service has under a URI of securesystemslib's.

    Raises ConfigError for a URI that is none, a library that is not installed and a key of a kind
    that signs nothing here, SourceError where the service does not show its public key.
    """
    scheme, _, name = uri.partition(":")
    scheme = scheme.lower()
    if not name.strip("/"):
        raise ConfigError(f"expected {FORMS[scheme]}", path=uri)
    try:
        exact, key = IMPORTS[scheme](name)
        _check_version(scheme, uri, exact)
        return ServiceKey(uri=uri, signer=Signer.from_priv_key_uri(exact, key), public=_public(key))
    except UnsupportedLibraryError:
        step = f"pip install 'hf-provenance[{EXTRAS[scheme]}]'"
        raise ConfigError(f"needs the library of that service: {step}", path=uri) from None
    except (ConfigError, Malformed, ValueError, UnsupportedAlgorithmError) as error:
        raise ConfigError(f"{error}; expected {FORMS[scheme]}", path=uri) from None
    except Exception as error:
        # What the clouds' libraries raise has no common base.
        raise SourceError(
            f"{uri}: the public key could not be read: {_first_line(error)}"
        ) from None


def _public(key: SSlibKey) -> PublicKey:
    """The key by its text, which is PEM but for Ed25519; ConfigError for a scheme of others."""
    if key.scheme not in SCHEMES:
        raise ConfigError(f"expected a key for one of {', '.join(SCHEMES)}, found {key.scheme}")
    text = key.keyval["public"]
    if key.scheme == ED25519:
        return PublicKey.from_der(ED25519_INFO + bytes.fromhex(text))
    return PublicKey.from_pem(text)


def _aws(name: str) -> Imported:
    found = AWSSigner.import_(name)
    is_rsa = found[1].keytype == KEY_TYPE_RSA
    return AWSSigner.import_(name, RSA_PKCS1V15_SHA256) if is_rsa else found


def _azure(name: str) -> Imported:
    host, _, path = name.strip("/").partition("/")
    keys, _, key = path.partition("/")
    if not host.endswith(AZURE) or keys != "keys" or not key:
        raise ValueError("not the address of a key")
    return AzureSigner.import_(host.removesuffix(AZURE), key.partition("/")[0])


def _vault(name: str) -> Imported:
    return VaultSigner.import_(name.partition("/")[0])


IMPORTS: Mapping[str, Callable[[str], Imported]] = {
    "awskms": _aws,
    "gcpkms": GCPSigner.import_,
    "azurekms": _azure,
    "hv": _vault,
}
VERSIONED = ("azurekms", "hv")
"""Those of which the newest version is looked up, whichever is named."""


def _check_version(scheme: str, uri: str, exact: str) -> None:
    """A version that the caller names is the one that signs, or ConfigError."""
    if scheme in VERSIONED and not f"{exact}/".startswith(f"{uri.rstrip('/')}/"):
        raise ConfigError(f"expected the newest version, which is {exact}", path=uri)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300] or type(error).__name__
