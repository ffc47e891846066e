"""Signatures: the one door to sigstore, and the only place where an Attestation is made."""

from provenance.signature.distrust import compromised, distrust
from provenance.signature.moments import Moments, Window
from provenance.signature.result import (
    Attestation,
    Invalid,
    Party,
    Signed,
    UnknownSigner,
    VerificationResult,
    predicate_type_of,
)
from provenance.signature.several import verify, weigh
from provenance.signature.usable import unusable

__all__ = [
    "Attestation",
    "Invalid",
    "Moments",
    "Party",
    "Signed",
    "UnknownSigner",
    "VerificationResult",
    "Window",
    "compromised",
    "distrust",
    "predicate_type_of",
    "unusable",
    "verify",
    "weigh",
]
