"""Signing every file of a model: OMS 1.0, in a Sigstore bundle 0.3."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from provenance.checks import integrity
from provenance.claims.loader import loader_reads, why_read
from provenance.errors import ConfigError, Malformed
from provenance.formats.json import compact
from provenance.keys import Certificate, SigningKey, chain, check_leaf
from provenance.model import Basis, Evidence
from provenance.produce.stamping import Stamping
from provenance.source.limits import DEFAULT
from provenance.wire import oms
from provenance.wire.bundle import Chain, KeyHint, Opened
from provenance.wire.intoto import PAYLOAD_TYPE, STATEMENT_TYPE, Envelope

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"

# What was seen in a tree that nobody should put their name to.
REFUSED = integrity.FAILED | {"unreadable", "limit"}

# What no signature covers by convention of the reference implementation, which else refuses it.
IGNORED = (".git", ".gitattributes", ".github", ".gitignore")

# What a bundle has beside its payload: certificates, a log entry, timestamps.
BESIDE_PAYLOAD = 64 * 1024


class Signer(Protocol):
    """Anything that turns a statement into a bundle."""

    def sign(self, statement: bytes) -> str:
        """The bundle, as JSON text, over the bytes of an in-toto statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySigner:
    """Signs with a key that verifiers have in their registry; `stamping` says when, if it is asked
    for."""

    key: SigningKey
    stamping: Stamping | None = None

    def sign(self, statement: bytes) -> str:
        """A bundle that names the key by its hint. Raises SourceError where a timestamp authority
        gives none."""
        material = {"publicKey": {"hint": self.key.public.hint}}
        return _bundle(self.key, statement, material, self.stamping)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSigner:
    """Signs with a key that a certificate names; the chain goes into the bundle, leaf first."""

    key: SigningKey
    certificates: tuple[Certificate, ...]
    stamping: Stamping | None = None

    def sign(self, statement: bytes) -> str:
        """A bundle that carries the chain. Raises SourceError where a timestamp authority gives
        none."""
        items = [
            {"rawBytes": base64.b64encode(certificate.der).decode()}
            for certificate in self.certificates
        ]
        material = {"x509CertificateChain": {"certificates": items}}
        return _bundle(self.key, statement, material, self.stamping)


def unstamped(signer: Signer) -> Signer:
    """The same signer, which asks no timestamp authority."""
    match signer:
        case KeySigner() | CertificateSigner():
            return replace(signer, stamping=None)
    return signer


def dates(signer: Signer) -> bool:
    """Whether others say when it signs: timestamp authorities, or a Sigstore."""
    return not isinstance(signer, KeySigner | CertificateSigner) or signer.stamping is not None


def is_by(signer: Signer, opened: Opened) -> bool:
    """Whether a bundle says that it is of the same key or certificate; nobody verified that."""
    material = None if isinstance(opened.bundle, Malformed) else opened.bundle.material
    match signer, material:
        case KeySigner(key=key), KeyHint(hint=hint):
            return hint == key.public.hint
        case CertificateSigner(certificates=(leaf, *_)), Chain(certificates=(der, *_)):
            return leaf.der == der
    return False


def certificate_signer(
    key: SigningKey,
    leaf: Certificate,
    others: Sequence[Certificate],
    at: datetime,
    stamping: Stamping | None = None,
) -> CertificateSigner:
    """A signer whose bundle will verify at `at`; ConfigError or Malformed if it would not."""
    if leaf.key.fingerprint != key.public.fingerprint:
        raise ConfigError("the certificate is for another key", path="--certificate")
    top = (leaf, *others)[-1]
    if others or leaf.is_issued_by(leaf):
        if not top.is_authority:
            raise ConfigError(
                f"{top.subject} stands last and is not an authority (cA, keyCertSign): no registry "
                "can name it. Drop --certificate to sign by the key itself, which a registry can "
                "name",
                path="--chain",
            )
        chain(leaf, others, (top,), at)
    check_leaf(leaf, at)
    return CertificateSigner(key=key, certificates=(leaf, *others), stamping=stamping)


def statement(evidence: Evidence, name: str, *, ignored: Iterable[str] = ()) -> bytes:
    """The OMS 1.0 statement over every file of `evidence`, or ConfigError if that must not be.

    Git's own files at the top and what lies below a path of `ignored` stay unsigned. Refused: a
    model without files, a selection of one, whatever in the tree is not a plain file (a signature
    over half a model looks like one over all of it), and what no verifier of ours would read.
    """
    left = frozenset({*IGNORED, *ignored})
    files = [file for file in evidence.manifest.files if not _is_below(file.path, left)]
    if not files:
        raise ConfigError("there is no file to sign")
    if evidence.include or evidence.exclude:
        raise ConfigError("a signature covers the whole model: no --include, no --exclude")
    refuse_strange(evidence)
    for path in sorted(loader_reads(evidence)):
        if _is_below(path, left):
            reason = f"{why_read(path, evidence)}, and no signature would cover it: move it"
            raise ConfigError(reason, path=path)
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": oms.root_digest(files)}}],
        "predicateType": oms.PREDICATE_TYPE,
        "predicate": oms.predicate(files, left),
    }
    return of_a_size(compact(document), f"{len(files)} files")


def of_a_size(payload: bytes, what: str) -> bytes:
    """The payload, if a verifier reads a bundle that holds it, or ConfigError."""
    size = len(payload) * 4 // 3 + BESIDE_PAYLOAD
    if size > DEFAULT.bundle:
        raise ConfigError(
            f"the statement over {what} makes a bundle of {size:,} bytes, and no more than "
            f"{DEFAULT.bundle:,} are read: pack small files into one, then sign again"
        )
    return payload


def refuse_strange(evidence: Evidence) -> None:
    """Nothing was seen in the tree that nobody should put their name to, or ConfigError."""
    for seen in evidence.observations:
        if seen.code in REFUSED:
            raise ConfigError(f"{seen.code}: {seen.detail}", path=seen.path)


def whole(evidence: Evidence) -> Mapping[str, str]:
    """The SHA-256 of every file by its path, as the subjects of a statement about all of a model.

    ConfigError for a model without files, a selection of one, what was not measured now, and what
    is strange in the tree.
    """
    if evidence.include or evidence.exclude:
        raise ConfigError("a statement is about the whole model: no --include, no --exclude")
    if evidence.basis is not Basis.MEASURED:
        message = f"is known by {evidence.basis} digests: name the directory that was measured"
        raise ConfigError(message, path=evidence.ref.text)
    if not evidence.manifest.files:
        raise ConfigError("there is no file to attest")
    refuse_strange(evidence)
    return {file.path: file.sha256 for file in evidence.manifest.files}


def _is_below(path: str, folders: frozenset[str]) -> bool:
    """Whether a path is one of these, or lies in one."""
    parts = path.split("/")
    return any("/".join(parts[: n + 1]) in folders for n in range(len(parts)))


def _bundle(
    key: SigningKey, payload: bytes, material: Mapping[str, object], stamping: Stamping | None
) -> str:
    envelope = Envelope(payload_type=PAYLOAD_TYPE, payload=payload, signature=b"")
    signature = key.sign(envelope.pae)
    document = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {**material, "tlogEntries": [], **_times(stamping, signature)},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    text = json.dumps(document)
    if stamping and len(text) > DEFAULT.bundle:
        raise ConfigError(
            f"the bundle with its timestamps has {len(text):,} bytes, and no more than "
            f"{DEFAULT.bundle:,} are read: ask fewer authorities",
            path="--timestamp",
        )
    return text


def _times(stamping: Stamping | None, signature: bytes) -> dict[str, object]:
    """The timestamps over a signature, as a bundle has them (sigstore_bundle.proto)."""
    if stamping is None:
        return {}
    found = [
        {"signedTimestamp": base64.b64encode(one).decode()} for one in stamping.over(signature)
    ]
    return {"timestampVerificationData": {"rfc3161Timestamps": found}}
