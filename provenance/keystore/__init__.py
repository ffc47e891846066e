"""Private keys that lie in no file of ours: PKCS#11 tokens, and key services of clouds."""

from provenance.keystore.held import SCHEMES, held

__all__ = ["SCHEMES", "held"]
