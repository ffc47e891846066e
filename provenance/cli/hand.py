"""Who signs: the options of every command that makes a signature, and the signer they mean."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from provenance.cli.options import Decorator, folded
from provenance.errors import ConfigError, Malformed
from provenance.keys import PrivateKey, certificates
from provenance.produce.sign import KeySigner, Signer, certificate_signer
from provenance.signature.signing import KeylessSigner, ambient_token
from provenance.source.evidence_files import read

PASSWORD = "PROVENANCE_KEY_PASSWORD"  # the name of a variable, not a password
MAX_KEY = 1 << 20
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SIGNER: tuple[Decorator, ...] = (
    click.option("--key", type=FILE, help=f"PEM private key (its password in {PASSWORD})."),
    click.option("--certificate", type=FILE, help="PEM certificate of that key."),
    click.option("--chain", "issuers", type=FILE, help="PEM certificates above it, root last."),
    click.option(
        "--identity-token", metavar="TOKEN", help="Sign keyless as whom this OIDC token names."
    ),
    click.option(
        "--trust-config", type=FILE, help="A private Sigstore's client trust configuration."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What the caller would sign with."""

    key: Path | None
    certificate: Path | None
    issuers: Path | None
    identity_token: str | None
    trust_config: Path | None

    def signer(self, now: datetime) -> Signer:
        """The signer that this is, or ConfigError for options that do not go together."""
        return _signer(
            self.key, self.certificate, self.issuers, self.identity_token, self.trust_config, now
        )


with_hand = folded("hand", Hand, *SIGNER)


def _signer(
    key: Path | None,
    certificate: Path | None,
    issuers: Path | None,
    token: str | None,
    trust_config: Path | None,
    now: datetime,
) -> Signer:
    if key is None:
        if certificate or issuers:
            raise ConfigError("--certificate and --chain go with the --key they are for")
        config = _text(trust_config) if trust_config else None
        return KeylessSigner(token=ambient_token() if token is None else token, trust_config=config)
    if token is not None or trust_config:
        raise ConfigError("--key signs without an identity: drop --identity-token, --trust-config")
    try:
        private = PrivateKey.from_pem(read(str(key), MAX_KEY), os.environ.get(PASSWORD))
    except Malformed as error:
        raise ConfigError(str(error), path=str(key)) from None
    if certificate is None:
        if issuers:
            raise ConfigError("--chain goes with the --certificate it is above")
        return KeySigner(key=private)
    return _certified(private, certificate, issuers, now)


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
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8", path=str(file)) from None
