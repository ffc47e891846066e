"""Whom the caller trusts: the registry and what it is made of. Nothing here does I/O."""

from provenance.trust.material import PUBLIC_GOOD, Authority, Identity, Key, Material
from provenance.trust.merge import merge
from provenance.trust.parties import Org, Role, Root, Section, Signer
from provenance.trust.registry import Registry, Release, Revocation, Sigstore, TimestampAuthority

__all__ = [
    "PUBLIC_GOOD",
    "Authority",
    "Identity",
    "Key",
    "Material",
    "Org",
    "Registry",
    "Release",
    "Revocation",
    "Role",
    "Root",
    "Section",
    "Signer",
    "Sigstore",
    "TimestampAuthority",
    "merge",
]
