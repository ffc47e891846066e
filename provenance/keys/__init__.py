"""Keys, certificates and the signatures they make: the one door to `cryptography`."""

from provenance.keys.certificate import SIGNING, TIMESTAMPING, Certificate, certificates
from provenance.keys.chain import chain, check_leaf
from provenance.keys.private import PrivateKey, SigningKey
from provenance.keys.public import UNREADABLE, Digest, PublicKey

__all__ = [
    "SIGNING",
    "TIMESTAMPING",
    "UNREADABLE",
    "Certificate",
    "Digest",
    "PrivateKey",
    "PublicKey",
    "SigningKey",
    "certificates",
    "chain",
    "check_leaf",
]
