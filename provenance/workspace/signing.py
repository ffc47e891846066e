"""Who signs, and by which clocks: from what a caller says to a signer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from provenance.errors import ConfigError, Malformed
from provenance.keys import SigningKey, certificates
from provenance.produce.peers import unread
from provenance.produce.sign import KeySigner, Signer, certificate_signer
from provenance.produce.stamping import Stamping
from provenance.signature.signing import KeylessSigner, ambient_token
from provenance.source.evidence_files import read
from provenance.source.stamping import check_url
from provenance.trust import Registry
from provenance.workspace.request import Request
from provenance.workspace.signing_key import MAX_KEY, signing_key

if TYPE_CHECKING:
    from provenance.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerOptions:
    """What to sign with: a key, by its PEM file or its URI, with a certificate and those above it,
    or the OIDC token of an identity, else that of the CI job which this is. `KEY` is how the option
    of the key is called.

    `timestamps` are the addresses of timestamp authorities that say when a key signed.
    """

    KEY: ClassVar[str] = "--key"

    key: str | None = None
    certificate: Path | None = None
    issuers: Path | None = None
    identity_token: str | None = None
    trust_config: Path | None = None
    timestamps: tuple[str, ...] = ()

    @property
    def is_given(self) -> bool:
        """Whether any of it was said, so that a signature is meant."""
        return self != type(self)()

    def signer(
        self, workspace: Workspace, request: Request | None = None, *, at: datetime | None = None
    ) -> Signer:
        """The signer that this is, whose certificate is good at `at`, by default now.

        By the registries that `request` means timestamps are verified. Raises ConfigError for
        options that do not go together, and for a key that cannot be used.
        """
        if self.key is None:
            return self._keyless()
        if self.identity_token is not None or self.trust_config:
            message = f"{self.KEY} signs without an identity: drop --identity-token, --trust-config"
            raise ConfigError(message)
        stamping = self._stamping(workspace, request or Request())
        key = signing_key(self.key, workspace.environment)
        if words := unread(key.public):
            workspace.progress.note(words)
        if self.certificate:
            moment = at or workspace.now()
            return _certified(key, self.certificate, self.issuers, moment, stamping)
        if self.issuers:
            raise ConfigError("--chain goes with the --certificate it is above")
        return KeySigner(key=key, stamping=stamping)

    def _keyless(self) -> Signer:
        if self.certificate or self.issuers:
            raise ConfigError(f"--certificate and --chain go with the {self.KEY} they are for")
        if self.timestamps:
            message = "goes with a key: a keyless signature has its time from the Sigstore"
            raise ConfigError(message, path="--timestamp")
        config = _text(self.trust_config) if self.trust_config else None
        token = ambient_token(self.KEY) if self.identity_token is None else self.identity_token
        return KeylessSigner(token=token, trust_config=config)

    def _stamping(self, workspace: Workspace, request: Request) -> Stamping | None:
        for url in self.timestamps:
            check_url(url)
        if not self.timestamps:
            return None
        if workspace.options.offline:
            raise ConfigError("asks a server: drop it, or --offline", path="--timestamp")

        def registry() -> Registry:
            asked = Request(policy=request.policy, registry=request.registry)
            return workspace.session(asked, needs_models=False).registry

        return Stamping(
            urls=tuple(dict.fromkeys(self.timestamps)),
            registry=registry,
            variables=workspace.environment.variables,
            progress=workspace.progress,
        )


def _certified(
    key: SigningKey,
    certificate: Path,
    issuers: Path | None,
    now: datetime,
    stamping: Stamping | None,
) -> Signer:
    try:
        leaf, *others = certificates(_text(certificate))
    except Malformed as error:
        raise ConfigError(str(error), path=str(certificate)) from None
    try:
        above = certificates(_text(issuers)) if issuers else ()
        return certificate_signer(key, leaf, (*others, *above), now, stamping)
    except Malformed as error:
        raise ConfigError(str(error), path=str(issuers or certificate)) from None


def _text(file: Path) -> str:
    try:
        return read(str(file), MAX_KEY).decode()
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8", path=str(file)) from None
