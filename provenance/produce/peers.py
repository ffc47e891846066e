"""What other verifiers do not read of what is signed here."""

from __future__ import annotations

from provenance.keys import PublicKey

ANYWHERE = "P-256"
NEW = "openssl ecparam -genkey -name prime256v1 -noout -out key.pem"
CURVES = {
    "P-384": "cosign 3.1 refuses it (sigstore/cosign#5091)",
    "P-521": "cosign 3.1 refuses it (sigstore/cosign#5063)",
}
OTHERS = "model-signing 1.1, the reference implementation, refuses it"
"""model-signing reads keys on P-256, P-384 and P-521 alone; cosign hashes by SHA-256 whatever the
curve, where the Sigstore registry of algorithms and OMS 1.0 say that the hash follows it."""


def unread(key: PublicKey) -> str:
    """Who refuses signatures by a key of this kind, and what to do; empty where nobody does."""
    kind = key.description
    if kind == ANYWHERE:
        return ""
    who = CURVES.get(kind, OTHERS)
    return f"a signature by a key of kind {kind}: {who}; a {ANYWHERE} key works everywhere: {NEW}"
