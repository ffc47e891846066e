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
        """A bundle with a short-lived certificate and a log entry; SourceError if none was made."""
        from sigstore import dsse, errors, oidc, sign

        # What a service that answers nonsense, or does not answer, makes sigstore raise.
        refused = (errors.Error, oidc.ExpiredIdentity, *UNREADABLE, OSError, KeyError)
        try:
            context = sign.SigningContext.from_trust_config(self._config())
            with context.signer(oidc.IdentityToken(self.token)) as signer:
                return signer.sign_dsse(dsse.Statement(statement)).to_json()
        except refused as error:
            raise SourceError(f"the keyless signature was not made: {error}") from None

    def _config(self) -> ClientTrustConfig:
        from sigstore import errors, models

        if self.trust_config is None:
            return models.ClientTrustConfig.production()
        try:
            return models.ClientTrustConfig.from_json(self.trust_config)
        except (errors.Error, ValueError) as error:
            raise ConfigError(f"not a client trust configuration: {error}") from None


def ambient_token() -> str:
    """The identity token of the CI job this runs in, or ConfigError if there is none."""
    from sigstore import oidc

    try:
        token = oidc.detect_credential()
    except oidc.IdentityError as error:
        raise ConfigError(f"the CI's identity token cannot be had: {error}") from None
    if not token:
        raise ConfigError(
            "nothing to sign with: name --key, --certificate or --identity-token, or run in a CI "
            "job that has an identity (on GitHub: `permissions: id-token: write`)"
        )
    return token
