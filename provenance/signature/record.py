"""What an entry of a transparency log records, beside the signature that it is said to be of."""

from __future__ import annotations

import base64
from hashlib import sha256

from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.keys import Digest, PublicKey
from provenance.wire.bundle import LogEntry, MessageSignature
from provenance.wire.intoto import Envelope

INTOTO = ("intoto", "0.0.2")


def is_about(
    entry: LogEntry, content: Envelope | MessageSignature, key: PublicKey, message: bytes | Digest
) -> bool:
    """Whether the entry records this signature, by this key, over these bytes."""
    pem = base64.b64encode(key.pem.encode()).decode()
    signature = base64.b64encode(content.signature).decode()
    spec = _spec(entry)
    match (entry.kind, entry.version):
        case ("hashedrekord", "0.0.1"):
            digest = Digest.of(message, "sha256")
            return digest is not None and spec == {
                "data": {"hash": {"algorithm": "sha256", "value": digest.value.hex()}},
                "signature": {"content": signature, "publicKey": {"content": pem}},
            }
        case ("hashedrekord", "0.0.2"):
            digest = Digest.of(message, key.algorithm)
            verifier = {
                "keyDetails": key.details,
                "publicKey": {"rawBytes": base64.b64encode(key.der).decode()},
            }
            return digest is not None and spec == {
                "hashedRekordV002": {
                    "data": {
                        "algorithm": digest.algorithm.replace("sha", "SHA2_"),
                        "digest": base64.b64encode(digest.value).decode(),
                    },
                    "signature": {"content": signature, "verifier": verifier},
                }
            }
        case ("dsse", "0.0.1") if isinstance(content, Envelope) and isinstance(spec, dict):
            return (spec.get("payloadHash"), spec.get("signatures")) == (
                _hash(content),
                [{"signature": signature, "verifier": pem}],
            )
    return False


def is_intoto_about(entry: LogEntry, content: Envelope, certificate: bytes) -> bool:
    """Whether an entry of the kind intoto 0.0.2 records this envelope, by the DER `certificate`.

    It has the signature's base64 in base64 once more, and the certificate as PEM in lines of any
    length (rekor, pkg/types/intoto/v0.0.2).
    """
    inner = Fields(_spec(entry), "canonicalizedBody.spec").table("content")
    signatures = list(inner.table("envelope").tables("signatures", required=True))
    if len(signatures) != 1:
        return False
    signed = signatures[0]
    lines = signed.base64("publicKey").decode("latin-1").splitlines()
    return (inner.take("payloadHash"), signed.base64("sig"), _unwrapped(lines)) == (
        _hash(content),
        base64.b64encode(content.signature),
        base64.b64encode(certificate).decode(),
    )


def _unwrapped(lines: list[str]) -> str:
    """The base64 between the two lines of a PEM text."""
    return "".join(line for line in lines if not line.startswith("-----"))


def _spec(entry: LogEntry) -> object:
    """What the entry says, if it is of the kind that the bundle says it is."""
    body = Fields(json.loads(entry.body), "canonicalizedBody")
    found = (body.text("kind"), body.text("apiVersion"))
    return body.take("spec") if found == (entry.kind, entry.version) else None


def _hash(content: Envelope) -> dict[str, str]:
    return {"algorithm": "sha256", "value": sha256(content.payload).hexdigest()}
