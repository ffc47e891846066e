"""Signatures by a key or a certificate chain that the registry knows, without a Fulcio."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from provenance.bundle import Bundle, Chain, KeyHint, LogEntry, MessageSignature
from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.intoto import Envelope
from provenance.keys import Certificate, PublicKey
from provenance.signature import log, timestamp
from provenance.signature.roots import Clock, Log


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
    artifact: bytes | None = None,
) -> tuple[datetime, ...]:
    """The verified times of a bundle that `key` signed, in order.

    Every timestamp must hold under `clocks`, every log entry under `logs` and be about this
    signature. `artifact` is what a bundle without an envelope signs. Raises Malformed.
    """
    message = _message(bundle.content, artifact)
    if not key.verifies(bundle.content.signature, message) and not _legacy(bundle.content, key):
        raise Malformed(
            f"the signature is not by the {key.description} key it names", slug="invalid"
        )
    stamped = timestamp.verified_times(bundle.timestamps, bundle.signature, clocks)
    promised = [_logged(entry, bundle, key, message, logs, stamped) for entry in bundle.entries]
    return tuple(sorted({*(moment for moment in promised if moment), *stamped}))


def _message(content: Envelope | MessageSignature, artifact: bytes | None) -> bytes:
    if isinstance(content, Envelope):
        return content.pae
    if artifact is None:
        raise Malformed("the bundle signs a file, and not a statement", slug="no-statement")
    return artifact


def _legacy(content: Envelope | MessageSignature, key: PublicKey) -> bool:
    """model-signing 0.2: another encoding, and SHA-256 whatever the curve."""
    return isinstance(content, Envelope) and key.verifies(
        content.signature, content.legacy_pae, sha256=True
    )


def _logged(
    entry: LogEntry,
    bundle: Bundle,
    key: PublicKey,
    message: bytes,
    logs: Sequence[Log],
    stamped: Sequence[datetime],
) -> datetime | None:
    moment = log.verify(entry, logs, stamped)
    if not _is_about(entry, bundle.content, key, message):
        raise Malformed("transparency log: the entry is about another signature", slug="log")
    return moment


def _is_about(
    entry: LogEntry, content: Envelope | MessageSignature, key: PublicKey, message: bytes
) -> bool:
    """Whether the entry records this signature, by this key, over these bytes."""
    signature = base64.b64encode(content.signature).decode()
    pem = base64.b64encode(key.pem.encode()).decode()
    body = Fields(json.loads(entry.body), "canonicalizedBody")
    found = (body.text("kind"), body.text("apiVersion"))
    if found != (entry.kind, entry.version):
        return False
    spec = body.take("spec")
    match found:
        case ("hashedrekord", "0.0.1"):
            return spec == {
                "data": {"hash": {"algorithm": "sha256", "value": sha256(message).hexdigest()}},
                "signature": {"content": signature, "publicKey": {"content": pem}},
            }
        case ("hashedrekord", "0.0.2"):
            algorithm, digest = key.digest(message)
            verifier = {
                "keyDetails": key.details,
                "publicKey": {"rawBytes": base64.b64encode(key.der).decode()},
            }
            return spec == {
                "hashedRekordV002": {
                    "data": {"algorithm": algorithm, "digest": base64.b64encode(digest).decode()},
                    "signature": {"content": signature, "verifier": verifier},
                }
            }
        case ("dsse", "0.0.1") if isinstance(content, Envelope) and isinstance(spec, dict):
            return (spec.get("payloadHash"), spec.get("signatures")) == (
                {"algorithm": "sha256", "value": sha256(content.payload).hexdigest()},
                [{"signature": signature, "verifier": pem}],
            )
    return False
