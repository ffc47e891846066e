"""Signatures: the one door to sigstore, and the only place where an Attestation is made."""

from provenance.signature.distrust import compromised, distrust
from provenance.signature.moments import Moments, Window
from provenance.signature.opinion import (
    Attestation,
    Opinion,
    Party,
    Refusal,
    Signed,
    Stranger,
)
from provenance.signature.several import verify, weigh
from provenance.signature.usable import unusable

__all__ = [
    "Attestation",
    "Moments",
    "Opinion",
    "Party",
    "Refusal",
    "Signed",
    "Stranger",
    "Window",
    "compromised",
    "distrust",
    "unusable",
    "verify",
    "weigh",
]
