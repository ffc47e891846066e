"""A model without any signature: whether somebody had to sign it, and whether all was read."""

from __future__ import annotations

from provenance.case.case import Case
from provenance.formats.signatures import is_evidence_name
from provenance.model import Observation
from provenance.policy import Demand
from provenance.verdict import Finding, exempt, failed, unknown

UNREAD = frozenset({"limit", "unreadable"})
"""What is observed of what is there and was not read."""


def nobody(case: Case) -> Finding:
    """What it means that nobody signed the model; of what was not read, that it is not known."""
    repo = case.origin.ref.repo
    registered = case.registry.publishers(repo) if repo else ()
    if case.policy.signature is Demand.ALWAYS or registered:
        if unread := next(filter(_may_hide_a_signature, case.evidence.observations), None):
            where = unread.path or "a part of the model"
            message = f"no signature was found, and {where} was not read: {unread.detail}"
            return unknown("signature/unread", message, case.subject)
        whose = f": {registered[0][0].name} signs what it publishes" if registered else ""
        return failed("signature/missing", f"the model has no signature{whose}", case.subject)
    if case.exemption:
        reason = case.exemption.reason
        said = f"you exempted {case.meant_by(case.exemption)}: {reason}"
        return exempt("signature/pass", said, reason)
    if case.policy.signature is Demand.REGISTERED:
        return unknown(
            "signature/not-demanded",
            f"nobody signed these bytes; {unregistered(repo)}",
            case.subject,
        )
    return unknown("signature/unsigned", "nobody signed these files", case.subject)


def unregistered(repo: str | None) -> str:
    """That nobody is known to sign for a repository, or that none is named."""
    named = f"no signer of {repo} is registered"
    return named if repo else "neither `repo` nor --as says whose they are"


def _may_hide_a_signature(seen: Observation) -> bool:
    """Whether something was not read that is a signature by name, or has no name."""
    return seen.code in UNREAD and (not seen.path or is_evidence_name(seen.path))
