"""DSSE envelopes and in-toto statements, unverified (DSSE 1.0; in-toto attestation 1.0)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provenance.errors import MALFORMED, Malformed
from provenance.formats import json
from provenance.formats.fields import Fields

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
STATEMENTS = "https://in-toto.io/Statement/"
UNSUPPORTED = "unsupported"
"""The slug of what a later version of a specification may mean: no mistake, and not understood."""
MAX_SUBJECTS = 100_000
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
"""How a statement of ours writes a time, which is in UTC (RFC 3339)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What was signed, and the one signature over it; a `keyid` proves nothing."""

    payload_type: str
    payload: bytes
    signature: bytes

    @property
    def pae(self) -> bytes:
        """The bytes a signature covers (DSSE protocol, PAE)."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    @property
    def legacy_pae(self) -> bytes:
        """What model-signing 0.2 signed in place of the PAE: Python's spelling of the bytes."""
        kind = self.payload_type
        return f"DSSEV1 {len(kind)} {kind} {len(self.payload)} {self.payload!r}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDescriptor:
    """One thing a statement is about; the name identifies nothing, the digests do.

    `name` is empty where it has none, `sha256` where it has other digests alone.
    """

    name: str
    sha256: str
    algorithm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An in-toto statement as somebody wrote it; `predicate` is for the reader of its type."""

    subjects: tuple[ResourceDescriptor, ...]
    predicate_type: str
    predicate: object


def envelope(fields: Fields) -> Envelope:
    """The envelope of a bundle, or Malformed; every field it has is known and used."""
    payload = fields.base64("payload")
    payload_type = fields.text("payloadType")
    signatures = [_signature(item) for item in fields.tables("signatures", required=True)]
    fields.end()
    if len(signatures) != 1:
        raise Malformed(f"{len(signatures)} signatures, expected exactly one")
    return Envelope(payload_type=payload_type, payload=payload, signature=signatures[0])


def _signature(fields: Fields) -> bytes:
    signature = fields.base64("sig")
    if "keyid" in fields:
        keyid = fields.take("keyid")
        if keyid not in ("", None):
            raise fields.wrong("keyid", f"expected none or an empty one, found {keyid!r:.80}")
    fields.end()
    return signature


def statement(envelope: Envelope) -> Statement:
    """The statement an envelope holds, or Malformed; the predicate is left unread, and so are
    fields that nobody knows (in-toto attestation 1.0, parsing rules).

    The slug is UNSUPPORTED for another version of statements.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        raise Malformed(
            f"payload type {envelope.payload_type[:80]!r}, expected {PAYLOAD_TYPE!r}",
            slug="payload-type",
        )
    fields = Fields(json.loads(envelope.payload), "payload")
    kind = fields.text("_type")
    if kind != STATEMENT_TYPE:
        slug = UNSUPPORTED if kind.startswith(STATEMENTS) else MALFORMED
        raise Malformed(f"statement type {kind[:80]!r}, expected {STATEMENT_TYPE!r}", slug=slug)
    subjects = tuple(_subject(item) for item in fields.tables("subject", required=True))
    if not 1 <= len(subjects) <= MAX_SUBJECTS:
        raise Malformed(f"{len(subjects)} subjects, expected 1 to {MAX_SUBJECTS}")
    predicate_type = fields.text("predicateType")
    predicate = fields.take("predicate")
    return Statement(subjects=subjects, predicate_type=predicate_type, predicate=predicate)


def written(subjects: Iterable[tuple[str, str]], predicate_type: str, predicate: object) -> bytes:
    """A statement in UTF-8, to be signed; `subjects` are names and their SHA-256 in hexadecimal."""
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    return json.compact(document)


def _subject(fields: Fields) -> ResourceDescriptor:
    name = fields.text("name", "")
    digests = fields.table("digest")
    named = "sha256" in digests or not any(digests.items())
    digest = digests.hexadecimal("sha256", 64) if named else ""
    notes = fields.optional_table("annotations")
    return ResourceDescriptor(
        name=name, sha256=digest, algorithm=notes.text("actual_hash_algorithm", "")
    )
