"""Whose word a fingerprint is: the signed statement that lies beside its file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.model import Document
from provenance.registry.file import read_data
from provenance.registry.fingerprints import digest_of
from provenance.signature import Attestation, Invalid, VerificationResult, distrust, weigh
from provenance.source.limits import DEFAULT
from provenance.trust import Registry, Role, Root
from provenance.wire import fingerprinted
from provenance.wire.bundle import Opened

AGAIN = "sign it again with `provenance fingerprint … --sign-key`, or remove it"
SPEAKING = (Role.PUBLISHER, Role.TRAINER)


def beside(file: Path) -> Path:
    """Where the statement about a fingerprint lies."""
    return file.with_name(f"{file.name}.sigstore.json")


def whose(signed: Path, data: bytes, root: Root, registry: Registry, at: datetime) -> str:
    """Who signed that these bytes are the fingerprint of the root's files, in a sentence.

    ConfigError for a statement about others, for a signature that is not good, and for one whose
    signer the registry has revoked; TrustError.
    """
    document = Document(path=signed.name, data=read_data(signed, DEFAULT.bundle))
    opened = Opened(document=document)
    try:
        if isinstance(opened.statement, Malformed):
            raise opened.statement
        said = fingerprinted.read(opened.statement)
    except Malformed as error:
        raise ConfigError(f"{error}: {AGAIN}", path=str(signed)) from None
    for what, found, expected in (
        ("the file", said.fingerprint, digest_of(data)),
        ("the manifest", said.manifest, root.manifest),
    ):
        if found != expected:
            message = f"is about another: {what} {found}, expected {expected}: {AGAIN}"
            raise ConfigError(message, path=str(signed))
    return f"{signed.name}: {_whose(weigh(opened, registry, at, root.repo), root, registry, at)}"


def _whose(found: VerificationResult, root: Root, registry: Registry, at: datetime) -> str:
    if isinstance(found, Invalid):
        if found.foreign:
            return "signed with a key that the registry does not know"
        raise ConfigError(f"{found.message}: {AGAIN}", path=found.bundle)
    if not isinstance(found, Attestation):
        return f"signed by {found.identity}, whom the registry does not know"
    left = [p for p in found.parties if not distrust(registry, found, p, at)]
    if not left:
        message = f"the word of {found.identity} does not count, as the registry says: {AGAIN}"
        raise ConfigError(message, path=found.bundle)
    names = ", ".join(f"{party.org.name}/{party.signer.name}" for party in left)
    speaks = any(party.signer.may(role, root.repo) for party in left for role in SPEAKING)
    return f"signed by {names}, who {'speaks' if speaks else 'does not speak'} for {root.repo}"
