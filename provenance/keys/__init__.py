"""Keys, certificates and the signatures they make: the one door to `cryptography`."""

from provenance.keys.certificate import SIGNING, TIMESTAMPING, Certificate, certificates
from provenance.keys.chain import chain
from provenance.keys.private import PrivateKey
from provenance.keys.public import UNREADABLE, PublicKey

__all__ = [
    "SIGNING",
    "TIMESTAMPING",
    "UNREADABLE",
    "Certificate",
    "PrivateKey",
    "PublicKey",
    "certificates",
    "chain",
]
