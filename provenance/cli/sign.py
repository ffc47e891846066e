"""`provenance sign`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance import bundle as bundles
from provenance.bundle import Bundle, Chain, KeyHint
from provenance.cli import terminal
from provenance.errors import ConfigError, Malformed
from provenance.keys import PrivateKey, certificates
from provenance.model import Evidence, Ref
from provenance.produce.sign import (
    CertificateSigner,
    KeySigner,
    Signer,
    certificate_signer,
    statement,
)
from provenance.signature.signing import KeylessSigner, ambient_token
from provenance.source import directory
from provenance.source.evidence_files import read
from provenance.source.layout import BOOKKEEPING

PASSWORD = "PROVENANCE_KEY_PASSWORD"  # the name of a variable, not a password
MAX_KEY = 1 << 20
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="sign")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--key", type=FILE, help=f"PEM private key (its password in {PASSWORD}).")
@click.option("--certificate", type=FILE, help="PEM certificate of that key.")
@click.option("--chain", "issuers", type=FILE, help="PEM certificates above it, root last.")
@click.option(
    "--identity-token", metavar="TOKEN", help="Sign keyless as whom this OIDC token names."
)
@click.option("--trust-config", type=FILE, help="A private Sigstore's client trust configuration.")
@click.option("-o", "--output", metavar="FILE", help="Where to write the signature.")
@click.option("--force", is_flag=True, help="Replace a signature somebody else made.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    path: Path,
    key: Path | None,
    certificate: Path | None,
    issuers: Path | None,
    identity_token: str | None,
    trust_config: Path | None,
    output: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Sign every file of the model at PATH; write PATH/model.sig.

    With --key, or --key and --certificate, or keyless: --identity-token, else the identity of
    the CI job this runs in.
    """
    target = Path(output) if output else _beside(path)
    now = datetime.now(UTC)
    signer = _signer(key, certificate, issuers, identity_token, trust_config, now)
    _refuse_to_replace(target, signer, force=force)
    evidence = directory.collect(
        path, ref=Ref(text=str(path)), at=now, progress=terminal.progress(quiet=quiet)
    )
    ignored = () if path.is_file() else _ignored(path, target, evidence)
    text = signer.sign(statement(evidence, path.resolve().name, ignored=ignored))
    terminal.emit(text, str(target))
    if not quiet:
        click.echo(f"signed: {target}", err=True)


def _ignored(path: Path, target: Path, evidence: Evidence) -> set[str]:
    """What lies in the folder and is no part of the model: signatures, a download's bookkeeping."""
    found = {document.path.partition(":")[0] for document in evidence.bundles}
    if target.resolve().is_relative_to(path.resolve()):
        found.add(target.resolve().relative_to(path.resolve()).as_posix())
    if (path / BOOKKEEPING).is_dir():
        found.add(BOOKKEEPING.rstrip("/"))
    return found


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sig") if path.is_file() else path / "model.sig"


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


def _refuse_to_replace(target: Path, signer: Signer, *, force: bool) -> None:
    """Nothing foreign is lost: only a signature by the same key or certificate is written over."""
    if force or not os.path.lexists(target):
        return
    try:
        present = bundles.parse(read(str(target), MAX_KEY * 16))
    except Malformed:
        present = None
    if present is None or not _is_own(present, signer):
        raise ConfigError(
            "holds something this key did not sign: remove it, or pass --force", path=str(target)
        )


def _is_own(present: Bundle, signer: Signer) -> bool:
    match signer, present.material:
        case KeySigner(), KeyHint(hint=hint):
            return hint in signer.key.public.hints
        case CertificateSigner(), Chain(certificates=found):
            return found[0] == signer.certificates[0].der
    return False
