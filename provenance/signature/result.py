"""What a bundle turned out to be, once somebody checked who signed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from provenance.errors import Malformed
from provenance.signature.moments import Moments
from provenance.trust import Org, Signer
from provenance.wire import oms
from provenance.wire.intoto import Statement
from provenance.wire.oms import SignedManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A signer of the registry, and the organisation it speaks for."""

    org: Org
    signer: Signer


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A statement whose signature holds: by whom, as the material says it, and when.

    `names` are what a revocation may call whoever signed: names in the certificate, and the
    fingerprints of the key and of the certificate.
    """

    bundle: str
    statement: Statement
    identity: str
    moments: Moments
    names: frozenset[str] = frozenset()

    @cached_property
    def manifest(self) -> SignedManifest | Malformed:
        """The files that it names as a model's publisher does, or why it names none so."""
        try:
            return oms.signed_manifest(self.statement)
        except Malformed as error:
            return error


@dataclass(frozen=True, kw_only=True)
class Attestation(Signed):
    """A statement that one or more signers of the registry signed.

    Of several registries `stamped_for` has, in their order, the earliest stamp that the clocks and
    logs of each one itself vouch for, None for none.
    """

    parties: tuple[Party, ...]
    stamped_for: tuple[datetime | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnknownSigner(Signed):
    """A statement with a good signature by somebody the registry does not know."""


UNKNOWN_KEY = "unknown-key"
"""The slug of what was signed with a key that is neither in the bundle nor in the registry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """A bundle that proves nothing, and why; `slug` is the last part of the rule it broke.

    `foreign` says that nothing is wrong with it: it is signed with a key nobody here knows. Then
    `predicate_type` is what kind of statement it is said to be.
    """

    bundle: str
    slug: str
    message: str
    foreign: bool = False
    predicate_type: str = ""


VerificationResult = Attestation | UnknownSigner | Invalid


def predicate_type_of(verification: VerificationResult) -> str:
    """The kind of a statement in which nothing is broken; empty where something is."""
    if isinstance(verification, Invalid):
        return verification.predicate_type
    return verification.statement.predicate_type
