"""A bundle in the eyes of several registries, each by its own instances, clocks and signers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from provenance.errors import TrustError
from provenance.model import Document
from provenance.signature import verify as one
from provenance.signature.result import Attestation, Invalid, UnknownSigner, VerificationResult
from provenance.trust import Registry
from provenance.wire.bundle import Opened


def verify(
    document: Document, registry: Registry, at: datetime, repo: str | None = None
) -> VerificationResult:
    """What the bundle in `document` is worth to `registry`, as `weigh` says."""
    return weigh(Opened(document=document), registry, at, repo)


def weigh(
    opened: Opened, registry: Registry, at: datetime, repo: str | None = None
) -> VerificationResult:
    """What an opened bundle is worth to `registry` at the moment `at`.

    Of several registries the one counts by which its signer may speak for `repo`, then the first
    that knows the signer, then the first that can tell who signed. Never raises for what stands in
    the document; TrustError if a trust root of the first registry cannot be used: that of another
    leaves its own parties unknown.
    """
    first, *others = registry.each
    verifications = [one.verify(opened, first, at)]
    verifications += [_by_other(opened, part, at) for part in others]
    best = max(verifications, key=lambda verification: _worth(verification, repo))
    if others and isinstance(best, Attestation):
        known = [replace(part, orgs=registry.orgs) for part in registry.each]
        return replace(best, stamped_for=tuple(_stamped(opened, part, at) for part in known))
    return best


def _stamped(opened: Opened, registry: Registry, at: datetime) -> datetime | None:
    """The earliest moment that the clocks and logs of one registry vouch for; None without one,
    and where a registry that revoked nothing need not be asked."""
    if not registry.revoked:
        return None
    verification = _by_other(opened, registry, at)
    return None if isinstance(verification, Invalid) else verification.moments.stamped


def _by_other(opened: Opened, registry: Registry, at: datetime) -> VerificationResult:
    try:
        return one.verify(opened, registry, at)
    except TrustError as error:
        said = f"the registry {registry.name}: {error}"
        return Invalid(bundle=opened.document.path, slug="invalid", message=said, foreign=True)


def _worth(verification: VerificationResult, repo: str | None) -> int:
    match verification:
        case Attestation():
            return 3 + any(
                party.signer.may(role, repo)
                for party in verification.parties
                for role in party.signer.roles
                if repo
            )
        case UnknownSigner():
            return 2
    return int(not verification.foreign)
