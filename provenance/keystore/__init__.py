"""Private keys that lie in no file of ours: PKCS#11 tokens, and key services of clouds."""

from provenance.keystore.held import SCHEMES, held
from provenance.keystore.uri import without_pin

__all__ = ["SCHEMES", "held", "without_pin"]
