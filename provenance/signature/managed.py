"""Signatures by a key or a certificate chain that the registry knows, without a Fulcio."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from provenance.errors import Malformed
from provenance.keys import Certificate, Digest, PublicKey
from provenance.signature import log, record, timestamp
from provenance.signature.roots import Clock, Log
from provenance.wire.bundle import Bundle, Chain, KeyHint, LogEntry, MessageSignature
from provenance.wire.intoto import Envelope

Artifact = bytes | Digest | None
"""A file that was signed by itself, or its digest; None where there is none to compare."""


def names(hint: KeyHint, key: PublicKey) -> bool:
    """Whether a bundle says that `key` signed it; saying so proves nothing."""
    if hint.pem:
        return hint.pem == key.pem and hint.details == key.details
    return hint.hint in key.hints


def certificates(material: Chain) -> tuple[Certificate, ...]:
    """The certificates of a bundle, leaf first, or Malformed."""
    return tuple(Certificate.from_der(data) for data in material.certificates)


def verify(
    bundle: Bundle,
    key: PublicKey,
    *,
    clocks: Sequence[Clock] = (),
    logs: Sequence[Log] = (),
    artifact: Artifact = None,
) -> tuple[datetime, ...]:
    """The verified times of a bundle that `key` signed, in order.

    Every timestamp must hold under `clocks`, every log entry under `logs` and be about this
    signature. `artifact` is what a bundle without an envelope signs, or its digest. Raises
    Malformed.
    """
    message = _message(bundle.content, key, artifact)
    if not key.verifies(bundle.content.signature, message) and not _legacy(bundle.content, key):
        raise Malformed(
            f"the signature is not by the {key.description} key it names", slug="invalid"
        )
    stamped = timestamp.verified_times(bundle.timestamps, bundle.signature, clocks)
    promised = [_logged(entry, bundle, key, message, logs, stamped) for entry in bundle.entries]
    return tuple(sorted({*(moment for moment in promised if moment), *stamped}))


def _message(
    content: Envelope | MessageSignature, key: PublicKey, artifact: Artifact
) -> bytes | Digest:
    if isinstance(content, Envelope):
        return content.pae
    if artifact is None:
        raise Malformed("the bundle signs a file, and not a statement", slug="no-statement")
    if isinstance(artifact, Digest) and not key.signs(artifact.algorithm):
        raise Malformed(
            f"a signature by a {key.description} key cannot be held against a digest by "
            f"{artifact.algorithm}: give the file",
            slug="algorithm",
        )
    stated = Digest(algorithm=content.algorithm, value=content.digest)
    if isinstance(artifact, bytes) or artifact.algorithm == stated.algorithm:
        found = artifact if isinstance(artifact, Digest) else Digest.of(artifact, stated.algorithm)
        if found != stated:
            raise Malformed("the bundle signs another file, by its messageDigest")
    return artifact


def _legacy(content: Envelope | MessageSignature, key: PublicKey) -> bool:
    """model-signing 0.2: another encoding, and SHA-256 whatever the curve."""
    return isinstance(content, Envelope) and key.verifies(
        content.signature, content.legacy_pae, by="sha256"
    )


def _logged(
    entry: LogEntry,
    bundle: Bundle,
    key: PublicKey,
    message: bytes | Digest,
    logs: Sequence[Log],
    stamped: Sequence[datetime],
) -> datetime | None:
    moment = log.verify(entry, logs, stamped)
    if not record.is_about(entry, bundle.content, key, message):
        raise Malformed("transparency log: the entry is about another signature", slug="log")
    return moment
