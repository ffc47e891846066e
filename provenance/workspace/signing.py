"""Who signs: a key, a key with its certificate, or an identity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from provenance.errors import ConfigError, Malformed
from provenance.keys import PrivateKey, certificates
from provenance.produce.sign import KeySigner, Signer, certificate_signer
from provenance.signature.signing import KeylessSigner, ambient_token
from provenance.source.evidence_files import read
from provenance.workspace.environment import Environment

PASSWORD = "PROVENANCE_KEY_PASSWORD"  # the name of a variable, not a password
MAX_KEY = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerOptions:
    """What to sign with: the PEM file of a key, with a certificate and those above it, or the
    OIDC token of an identity, else that of the CI job which this is. `KEY` is how the option of the
    key is called."""

    KEY: ClassVar[str] = "--key"

    key: Path | None = None
    certificate: Path | None = None
    issuers: Path | None = None
    identity_token: str | None = None
    trust_config: Path | None = None

    @property
    def is_given(self) -> bool:
        """Whether any of it was said, so that a signature is meant."""
        return self != type(self)()

    def signer(self, now: datetime, environment: Environment) -> Signer:
        """The signer that this is, or ConfigError for options that do not go together.

        The key's password is in the variable PROVENANCE_KEY_PASSWORD.
        """
        if self.key is None:
            return self._keyless()
        if self.identity_token is not None or self.trust_config:
            message = f"{self.KEY} signs without an identity: drop --identity-token, --trust-config"
            raise ConfigError(message)
        password = environment.variables.get(PASSWORD)
        try:
            private = PrivateKey.from_pem(read(str(self.key), MAX_KEY), password)
        except Malformed as error:
            raise ConfigError(str(error), path=str(self.key)) from None
        if self.certificate:
            return _certified(private, self.certificate, self.issuers, now)
        if self.issuers:
            raise ConfigError("--chain goes with the --certificate it is above")
        return KeySigner(key=private)

    def _keyless(self) -> Signer:
        if self.certificate or self.issuers:
            raise ConfigError(f"--certificate and --chain go with the {self.KEY} they are for")
        config = _text(self.trust_config) if self.trust_config else None
        token = ambient_token(self.KEY) if self.identity_token is None else self.identity_token
        return KeylessSigner(token=token, trust_config=config)


def _certified(key: PrivateKey, certificate: Path, issuers: Path | None, now: datetime) -> Signer:
    try:
        leaf, *others = certificates(_text(certificate))
    except Malformed as error:
        raise ConfigError(str(error), path=str(certificate)) from None
    try:
        above = certificates(_text(issuers)) if issuers else ()
        return certificate_signer(key, leaf, (*others, *above), now)
    except Malformed as error:
        raise ConfigError(str(error), path=str(issuers or certificate)) from None


def _text(file: Path) -> str:
    try:
        return read(str(file), MAX_KEY).decode()
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8", path=str(file)) from None
