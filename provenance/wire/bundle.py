"""Sigstore bundles, read strictly (protobuf-specs, sigstore_bundle.proto, versions 0.1 to 0.3).

Stricter than protobuf's JSON: an unknown field, a value of another type, base64 that is not
canonical are refused, so that no byte of a bundle can change unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.model import Document
from provenance.wire import intoto
from provenance.wire.intoto import UNSUPPORTED, Envelope, Statement, envelope

MEDIA_TYPES = (
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
)
BUNDLES = "application/vnd.dev.sigstore.bundle"
CHAIN_MEANS_KEYLESS = MEDIA_TYPES[:2]
MATERIALS = ("publicKey", "x509CertificateChain", "certificate")
HASHES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
MAX_TIMESTAMPS = 32
MAX_CERTIFICATES = 16
MAX_PROOF = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHint:
    """Which key is said to have signed: a hint, or the key itself as old bundles carry it."""

    hint: str = ""
    pem: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A leaf certificate and what is said to lie between it and a root, in DER."""

    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulcio:
    """The short-lived certificate of a keyless signature, in DER."""

    certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """Where an entry is said to stand in a log, and the log's own signed word for it."""

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """An entry of a transparency log; `integrated` is a claim without `promise`."""

    index: int
    log_id: bytes
    kind: str
    version: str
    integrated: int
    promise: bytes | None
    proof: InclusionProof | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSignature:
    """A signature over an artifact that is not in the bundle, with the digest it states."""

    algorithm: str
    digest: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle as somebody wrote it: who is said to have signed, what, and when."""

    raw: bytes
    material: KeyHint | Chain | Fulcio
    entries: tuple[LogEntry, ...]
    timestamps: tuple[bytes, ...]
    content: Envelope | MessageSignature

    @property
    def signature(self) -> bytes:
        """The bytes a timestamp is over."""
        return self.content.signature


def parse(data: bytes) -> Bundle:
    """The bundle of a JSON text, or Malformed with the path to what is wrong.

    The slug is `unsupported` for a version of bundles that is not known here.
    """
    fields = Fields(json.loads(data))
    media_type = _media_type(fields)
    material = fields.table("verificationMaterial")
    kind = material.one_of(MATERIALS)
    party = _PARTIES[kind](material.table(kind))
    entries = tuple(_entry(item) for item in material.tables("tlogEntries"))
    if isinstance(party, Chain) and entries and media_type in CHAIN_MEANS_KEYLESS:
        party = Fulcio(certificate=party.certificates[0])
    bundle = Bundle(
        raw=data,
        material=party,
        entries=entries,
        timestamps=_timestamps(material.optional_table("timestampVerificationData")),
        content=_content(fields),
    )
    material.end()
    fields.end()
    return bundle


def _media_type(fields: Fields) -> str:
    kind = fields.text("mediaType")
    if kind in MEDIA_TYPES:
        return kind
    message = f"mediaType: expected one of {', '.join(MEDIA_TYPES)}; found {kind[:80]!r}"
    if kind.startswith(BUNDLES):
        raise Malformed(f"{message}: a newer hf-provenance may read it", slug=UNSUPPORTED)
    raise Malformed(message)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A document that may be a bundle, read when somebody first asks, and once; not verified."""

    document: Document

    @cached_property
    def bundle(self) -> Bundle | Malformed:
        """The bundle, or what is wrong with it."""
        try:
            return parse(self.document.data)
        except Malformed as error:
            return error

    @cached_property
    def statement(self) -> Statement | Malformed:
        """The statement in it, or why there is none."""
        if isinstance(self.bundle, Malformed):
            return self.bundle
        if not isinstance(self.bundle.content, Envelope):
            return Malformed("it signs a file, and not a statement", slug="no-statement")
        try:
            return intoto.statement(self.bundle.content)
        except Malformed as error:
            return error


def opened(documents: Iterable[Document]) -> tuple[Opened, ...]:
    """Each of `documents`, to be read once."""
    return tuple(Opened(document=document) for document in documents)


def is_bundle(data: bytes) -> bool:
    """Whether these bytes are a bundle, whoever signed it and whatever it says; also one of a
    version that is not read here."""
    try:
        parse(data)
    except Malformed as error:
        return error.slug == UNSUPPORTED
    return True


def _content(fields: Fields) -> Envelope | MessageSignature:
    if fields.one_of(("dsseEnvelope", "messageSignature")) == "dsseEnvelope":
        return envelope(fields.table("dsseEnvelope"))
    message = fields.table("messageSignature")
    stated = message.table("messageDigest")
    found = MessageSignature(
        algorithm=HASHES[stated.choice("algorithm", tuple(HASHES))],
        digest=stated.base64("digest"),
        signature=message.base64("signature"),
    )
    stated.end()
    message.end()
    return found


def _key(fields: Fields) -> KeyHint:
    if fields.one_of(("hint", "rawBytes")) == "hint":
        found = KeyHint(hint=fields.text("hint"))
    else:
        pem = fields.base64("rawBytes").decode("ascii", "replace")
        found = KeyHint(pem=pem, details=fields.text("keyDetails"))
    fields.end()
    return found


def _chain(fields: Fields) -> Chain:
    certificates = tuple(_certificate(item) for item in fields.tables("certificates"))
    fields.end()
    if not 1 <= len(certificates) <= MAX_CERTIFICATES:
        raise Malformed(f"{len(certificates)} certificates, expected 1 to {MAX_CERTIFICATES}")
    return Chain(certificates=certificates)


def _fulcio(fields: Fields) -> Fulcio:
    return Fulcio(certificate=_certificate(fields))


def _certificate(fields: Fields) -> bytes:
    found = fields.base64("rawBytes")
    fields.end()
    return found


_PARTIES: dict[str, Callable[[Fields], KeyHint | Chain | Fulcio]] = {
    "publicKey": _key,
    "x509CertificateChain": _chain,
    "certificate": _fulcio,
}


def _timestamps(fields: Fields) -> tuple[bytes, ...]:
    found = []
    for item in fields.tables("rfc3161Timestamps"):
        found.append(item.base64("signedTimestamp"))
        item.end()
    fields.end()
    if len(found) > MAX_TIMESTAMPS:
        raise Malformed(f"{len(found)} timestamps, expected {MAX_TIMESTAMPS} at the most")
    return tuple(found)


def _entry(fields: Fields) -> LogEntry:
    log = fields.table("logId")
    kind = fields.table("kindVersion")
    promise = fields.table("inclusionPromise") if "inclusionPromise" in fields else None
    found = LogEntry(
        index=_number(fields, "logIndex"),
        log_id=log.base64("keyId"),
        kind=kind.text("kind"),
        version=kind.text("version"),
        integrated=_number(fields, "integratedTime") if "integratedTime" in fields else 0,
        promise=promise.base64("signedEntryTimestamp") if promise else None,
        proof=_proof(fields.table("inclusionProof")) if "inclusionProof" in fields else None,
        body=fields.base64("canonicalizedBody"),
    )
    for table in (log, kind, fields, *((promise,) if promise else ())):
        table.end()
    return found


def _proof(fields: Fields) -> InclusionProof:
    checkpoint = fields.table("checkpoint")
    found = InclusionProof(
        index=_number(fields, "logIndex"),
        size=_number(fields, "treeSize"),
        root=fields.base64("rootHash"),
        hashes=fields.base64s("hashes"),
        checkpoint=checkpoint.text("envelope"),
    )
    checkpoint.end()
    fields.end()
    if len(found.hashes) > MAX_PROOF:
        raise Malformed(f"an inclusion proof of {len(found.hashes)} hashes")
    return found


def _number(fields: Fields, name: str) -> int:
    """A 64-bit whole number, which protobuf writes as text."""
    digits = fields.text(name)
    if not re.fullmatch("0|[1-9][0-9]{0,18}", digits):
        raise fields.wrong(name, f"expected a whole number as text, found {digits[:40]!r}")
    return int(digits)
