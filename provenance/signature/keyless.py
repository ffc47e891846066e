"""Keyless signatures: the one door to sigstore for verifying.

sigstore checks, in the order of its own recipe: the chain to Fulcio at every verified time, the
SCT, the certificate's usages, the log entry and its agreement with the bundle, and the signature.
Added here: every timestamp must hold, the checkpoint must be of the proof's size and be signed in
the log's name, and the ends of validity are inclusive.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime

from provenance.bundle import Bundle, Fulcio
from provenance.errors import Malformed, TrustError
from provenance.intoto import Envelope
from provenance.keys import UNREADABLE, Certificate
from provenance.signature import log, roots, timestamp
from provenance.trust import Identity, Sigstore

# Fulcio's extensions: fulcio/docs/oid-info.md.
ISSUER, ISSUER_V1 = "1.3.6.1.4.1.57264.1.8", "1.3.6.1.4.1.57264.1.1"
SOURCE_REPOSITORY = "1.3.6.1.4.1.57264.1.12"
SOURCE_REPOSITORY_ID = "1.3.6.1.4.1.57264.1.15"
OWNER_ID = "1.3.6.1.4.1.57264.1.17"
UTF8_STRING = 0x0C


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a Fulcio certificate says was authenticated, and by whom."""

    identity: str
    issuer: str
    source_repository: str
    source_repository_id: str
    owner_id: str

    def is_named_by(self, entry: Identity) -> bool:
        """Whether a registry entry means this person."""
        return (
            entry.covers(self.identity)
            and entry.issuer == self.issuer
            and entry.source_repository in (None, self.source_repository)
            and entry.source_repository_id in (None, self.source_repository_id)
            and entry.owner_id in (None, self.owner_id)
        )

    def __str__(self) -> str:
        where = f", from {self.source_repository}" if self.source_repository else ""
        return f"{self.identity} (by {self.issuer}{where})"


def person(certificate: Certificate) -> Person:
    """Who `certificate` names, or Malformed if it names nobody or more than one."""
    if len(certificate.names) != 1:
        raise Malformed(f"the certificate names {len(certificate.names)} identities, expected one")
    old = certificate.extension(ISSUER_V1)
    return Person(
        identity=certificate.names[0],
        issuer=_text(certificate, ISSUER) or (old or b"").decode("utf-8", "replace"),
        source_repository=_text(certificate, SOURCE_REPOSITORY),
        source_repository_id=_text(certificate, SOURCE_REPOSITORY_ID),
        owner_id=_text(certificate, OWNER_ID),
    )


def _text(certificate: Certificate, oid: str) -> str:
    """A DER UTF8String extension of less than 128 bytes, or the long form of it."""
    data = certificate.extension(oid) or b""
    if len(data) < 2 or data[0] != UTF8_STRING:
        return ""
    skip = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
    return data[skip:].decode("utf-8", "replace")


def verify(
    bundle: Bundle, instance: Sigstore, artifact: bytes | None = None
) -> tuple[datetime, ...]:
    """The verified times of a keyless bundle that holds under `instance`, in order.

    `artifact` is what a bundle without an envelope signs. Raises Malformed.
    """
    if not isinstance(bundle.material, Fulcio):
        raise Malformed("the bundle has no Fulcio certificate")
    _by_sigstore(bundle, instance, artifact)
    logs = roots.logs(instance.trusted_root)
    clocks = roots.clocks(instance.trusted_root)
    promised = [log.verify(entry, logs) for entry in bundle.entries]
    stamped = timestamp.verified_times(bundle.timestamps, bundle.signature, clocks)
    return tuple(sorted({*(moment for moment in promised if moment), *stamped}))


class _Anybody:
    """Who signed is weighed afterwards, against the registry."""

    def verify(self, cert: object) -> None:
        """Every certificate will do here."""


def _by_sigstore(bundle: Bundle, instance: Sigstore, artifact: bytes | None) -> None:
    from sigstore import errors, models
    from sigstore.verify import Verifier

    # What sigstore and its parsers were seen to raise on hostile bundles .
    refused = (errors.Error, *UNREADABLE, AttributeError, RecursionError)
    try:
        config = models.ClientTrustConfig.from_json(roots.client_config(instance.trusted_root))
        verifier = Verifier(trusted_root=config.trusted_root)
    except refused as error:
        raise TrustError(f"the trusted root of {instance.name!r} cannot be used: {error}") from None
    try:
        with warnings.catch_warnings(action="ignore"):
            theirs = models.Bundle.from_json(bundle.raw)
            if isinstance(bundle.content, Envelope):
                verifier.verify_dsse(theirs, _Anybody())
            else:
                verifier.verify_artifact(artifact or b"", theirs, _Anybody())
    except refused as error:
        message = str(error).partition("\n")[0] or type(error).__name__
        raise Malformed(message, slug="invalid") from None
