"""Keyless signatures: the one door to sigstore for verifying.

sigstore checks, in the order of its own recipe: the chain to Fulcio at every verified time, the
SCT, the certificate's usages, the log entry and its agreement with the bundle, and the signature.
Added here: every timestamp must hold, the checkpoint must be of the proof's size and be signed in
the log's name, and every service counts only while the trusted root has it in service, both ends
included; sigstore is given those alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from provenance.errors import Malformed, TrustError
from provenance.keys import SIGNING, UNREADABLE, Certificate, Digest
from provenance.signature import log, record, roots, timestamp
from provenance.signature.managed import Artifact
from provenance.signature.roots import Issuer, Log, Trusted
from provenance.trust import Identity, Sigstore
from provenance.wire.bundle import Bundle, Fulcio, LogEntry, MessageSignature
from provenance.wire.intoto import Envelope

if TYPE_CHECKING:
    from sigstore.hashes import Hashed
    from sigstore.verify import Verifier

# Fulcio's extensions: fulcio/docs/oid-info.md.
ISSUER, ISSUER_V1 = "1.3.6.1.4.1.57264.1.8", "1.3.6.1.4.1.57264.1.1"
SOURCE_REPOSITORY = "1.3.6.1.4.1.57264.1.12"
SOURCE_REPOSITORY_ID = "1.3.6.1.4.1.57264.1.15"
OWNER_ID = "1.3.6.1.4.1.57264.1.17"
UTF8_STRING = 0x0C

FOREIGN = "foreign"
"""The slug of a certificate that an instance did not issue: nothing is said against it."""


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


def verify(bundle: Bundle, instance: Sigstore, artifact: Artifact = None) -> tuple[datetime, ...]:
    """The verified times of a keyless bundle that holds under `instance`, in order.

    `artifact` is what a bundle without an envelope signs, or its SHA-256. Raises
    Malformed, with slug `stale-root` where the instance issued the certificate, and its root lacks
    another service.
    """
    if not isinstance(bundle.material, Fulcio):
        raise Malformed("the bundle has no Fulcio certificate")
    root = roots.read(instance.trusted_root)
    leaf = Certificate.from_der(bundle.material.certificate)
    issuers = [issuer for issuer in root.issuers if _issued(issuer, leaf)]
    if not issuers:
        raise Malformed(
            f"it did not issue the certificate, which is by {leaf.issuer}", slug=FOREIGN
        )
    stamped = timestamp.verified_times(bundle.timestamps, bundle.signature, root.clocks)
    promised = [log.verify(entry, root.logs, stamped) for entry in bundle.entries]
    times = tuple(sorted({*(moment for moment in promised if moment), *stamped}))
    serving = [issuer for issuer in issuers if _all_in(issuer, times)]
    if not serving:
        served = "; ".join(issuer.service for issuer in issuers)
        raise Malformed(
            f"the authority of the certificate served {served}; signed by {_day(times)}",
            slug="invalid",
        )
    _check_certificate(leaf, times)
    for entry in bundle.entries:
        _check_record(entry, bundle.content, leaf)
    _by_sigstore(bundle, roots.client_config(root, serving, _certified(leaf, root)), artifact)
    return times


def _issued(issuer: Issuer, leaf: Certificate) -> bool:
    """Whether an authority that may issue leaves for signing did issue this one."""
    chain = issuer.certificates
    return any(leaf.is_issued_by(above) for above in chain) and all(
        above.may_issue(SIGNING) for above in chain
    )


def _all_in(issuer: Issuer, times: Sequence[datetime]) -> bool:
    return all(issuer.serves(moment, moment) for moment in times)


def _day(times: Sequence[datetime]) -> str:
    return f"{times[0]:%Y-%m-%d %H:%M} UTC" if times else "no verified time"


def _check_certificate(leaf: Certificate, times: Sequence[datetime]) -> None:
    """The certificate was valid at every verified time, and there is one, or Malformed."""
    if not times:
        raise Malformed(
            "the time of signing is not proven: it has neither a timestamp nor a log entry with an "
            "inclusion promise",
            slug="invalid",
        )
    for moment in times:
        if not leaf.valid_at(moment):
            raise Malformed(
                f"the certificate is valid {leaf.minutes}, and it was signed {_day((moment,))}",
                slug="expired",
            )


def _check_record(entry: LogEntry, content: Envelope | MessageSignature, leaf: Certificate) -> None:
    """What sigstore does not read is at least said to be what it is: intoto entries."""
    if (entry.kind, entry.version) != record.INTOTO or not isinstance(content, Envelope):
        return
    if not record.is_intoto_about(entry, content, leaf.der):
        raise Malformed("transparency log: the entry is about another signature", slug="log")
    raise Malformed(
        "its log entry is of the kind intoto 0.0.2, which sigstore does not verify: sign again "
        "with a client of today, which writes dsse or hashedrekord",
        slug="log",
    )


def _certified(leaf: Certificate, root: Trusted) -> list[Log]:
    """The CT logs that promised to log the certificate while they were in service, or Malformed."""
    kept = []
    for log_id, moment in leaf.promises:
        known = [one for one in root.ct_logs if one.log_id == log_id]
        if not known:
            raise log.unknown_service(f"the certificate transparency log {log_id.hex()[:16]}…")
        kept += [one for one in known if one.serves(moment, moment)]
        if not kept:
            raise Malformed(
                f"the certificate transparency log served {known[0].service}; the certificate is "
                f"of {moment:%Y-%m-%d %H:%M} UTC",
                slug="log",
            )
    return kept


class _Anybody:
    """Who signed is weighed afterwards, against the registry."""

    def verify(self, cert: object) -> None:
        """Every certificate will do here."""


def verifier(config: str) -> Verifier:
    """sigstore's verifier by a client trust configuration, or TrustError."""
    from sigstore import models
    from sigstore.verify import Verifier

    try:
        return Verifier(trusted_root=models.ClientTrustConfig.from_json(config).trusted_root)
    except _refused():
        raise TrustError(
            "the trusted root has a field that sigstore cannot read: compare it with the "
            "trusted_root.json that the instance publishes"
        ) from None


def _refused() -> tuple[type[Exception], ...]:
    """What sigstore and its parsers were seen to raise on hostile input."""
    from sigstore import errors

    return (errors.Error, *UNREADABLE, AttributeError, RecursionError)


def _by_sigstore(bundle: Bundle, config: str, artifact: Artifact) -> None:
    from sigstore import models

    judge = verifier(config)
    try:
        with warnings.catch_warnings(action="ignore"):
            theirs = models.Bundle.from_json(bundle.raw)
            if isinstance(bundle.content, Envelope):
                judge.verify_dsse(theirs, _Anybody())
            else:
                judge.verify_artifact(_for_sigstore(artifact), theirs, _Anybody())
    except _refused() as error:
        raise Malformed(_in_our_words(str(error)), slug="invalid") from None


def _for_sigstore(artifact: Artifact) -> bytes | Hashed:
    from sigstore.hashes import Hashed

    if not isinstance(artifact, Digest):
        return artifact or b""
    if artifact.algorithm != "sha256":
        raise Malformed(f"expected a digest by sha256, found one by {artifact.algorithm}")
    return Hashed.model_validate({"algorithm": "SHA2_256", "digest": artifact.value})


# What sigstore says, in the order of its recipe, and what that means here.
WORDS = (
    ("failed to build", "the certificate was not good when it was signed"),
    (
        "failed to verify SCT",
        "the certificate is in no certificate transparency log of the trusted root",
    ),
    ("Key usage", "the certificate is not for signing data"),
    ("Extended usage", "the certificate is not for signing code"),
    ("invalid log entry", "its log entry does not hold"),
    ("Unsupported", "its log entry is of a kind that this version cannot read"),
    ("Integrated time", "its log entry is of a kind that this version cannot read"),
    ("Expected entry type", "its log entry is of another kind of signature"),
)


def _in_our_words(message: str) -> str:
    found = (ours for theirs, ours in WORDS if theirs in message)
    return next(found, "certificate, signature and log entry are not of one signing")
