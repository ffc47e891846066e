"""Keyless signing: the one door to sigstore for making signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, SourceError
from provenance.keys import UNREADABLE

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessSigner:
    """Signs as whoever the identity token names.

    `trust_config` is a client trust configuration (JSON); None is the public-good instance, whose
    services are then looked up by TUF.
    """

    token: str
    trust_config: str | None = None

    def sign(self, statement: bytes) -> str:
        """A bundle with a short-lived certificate and a log entry.

        Raises ConfigError for what the caller gave, and SourceError if a service made no signature.
        """
        from sigstore import dsse, errors, oidc, sign

        try:
            identity = oidc.IdentityToken(self.token)
        except (errors.Error, oidc.ExpiredIdentity) as error:
            raise ConfigError(_first_line(error), path="--identity-token") from None

        # What a service that answers nonsense, or does not answer, makes sigstore raise.
        refused = (errors.Error, oidc.ExpiredIdentity, *UNREADABLE, OSError)
        try:
            context = sign.SigningContext.from_trust_config(self._config())
            with context.signer(identity) as signer:
                return signer.sign_dsse(dsse.Statement(statement)).to_json()
        except refused as error:
            raise SourceError(f"no keyless signature was made: {_first_line(error)}") from None

    def _config(self) -> ClientTrustConfig:
        from sigstore import errors, models

        if self.trust_config is None:
            return models.ClientTrustConfig.production()
        try:
            return models.ClientTrustConfig.from_json(self.trust_config)
        except (errors.Error, ValueError) as error:
            raise ConfigError(
                f"not a client trust configuration: {_first_line(error)}", path="--trust-config"
            ) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def ambient_token(key: str = "--key") -> str:
    """The identity token of the CI job this runs in, or ConfigError if there is none; `key` is the
    option by which a key would be named."""
    from sigstore import oidc

    try:
        token = oidc.detect_credential()
    except oidc.IdentityError as error:
        message = f"the CI's identity token could not be obtained: {_first_line(error)}"
        raise ConfigError(message) from None
    if not token:
        raise ConfigError(
            f"nothing to sign with: name a key with {key}, or an --identity-token, or run in a CI "
            "job that has an identity (on GitHub: `permissions: id-token: write`)"
        )
    return token
