"""registry: has the registry revoked this, and does it still speak?

Decided before every other check, with today's registry. No profile, level, waiver or exemption
turns it off.

Findings:

registry/revoked
    The manifest, repository or commit was revoked, or that of an ancestor, claimed or found. Do not
    deploy it; the reason says where to read on.

registry/expired
    The registry has expired: whoever keeps it has not looked at it since. Nothing passes by it.
    Fetch the current one.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.case import Case
from provenance.lineage.steps import unverified_steps
from provenance.model import Ancestor, Evidence
from provenance.training import Parent
from provenance.trust import Registry
from provenance.verdict import Finding, failed

Subjects = dict[str, set[str | None]]


def check(case: Case) -> Iterator[Finding]:
    """What the registry refuses whatever else is true, once each; silence is the normal answer."""
    yield from dict.fromkeys(_refused(case))


def _refused(case: Case) -> Iterator[Finding]:
    evidence, registry = case.evidence, case.registry
    if registry.expires and evidence.at >= registry.expires:
        yield failed(
            "registry/expired",
            f"{registry.name} expired on {registry.expires:%Y-%m-%d}",
            registry.name,
        )
    own: Subjects = {
        "manifest": {evidence.manifest.digest, evidence.listing.digest},
        "repo": {evidence.ref.repo, evidence.facts.id if evidence.facts else None},
        "commit": {evidence.ref.commit},
    }
    yield from _revoked(registry, own, "")
    for parent in case.policy.parents:
        repo, _, commit = parent.partition("@")
        yield from _revoked(registry, {"repo": {repo}, "commit": {commit}}, "ancestor ")
    for claim in case.claimed.parent_claims:
        named: Subjects = {"repo": {claim.repo}, "commit": {claim.revision}}
        yield from _revoked(registry, named, "ancestor ")
    for ancestor in evidence.ancestors:
        yield from _revoked(registry, _of(ancestor), "ancestor ")
    for attested in _attested(evidence):
        stated: Subjects = {
            "manifest": {attested.manifest},
            "repo": {attested.repo},
            "commit": {attested.commit},
        }
        yield from _revoked(registry, stated, "ancestor ")


def _attested(evidence: Evidence) -> Iterator[Parent]:
    """The parents in every training statement at hand, whoever signed it."""
    known = (ancestor.evidence for ancestor in evidence.ancestors)
    for one in (evidence, *filter(None, known)):
        for step in unverified_steps(one.bundles):
            yield from step.parents


def _of(ancestor: Ancestor) -> Subjects:
    return {
        "manifest": {ancestor.manifest},
        "repo": {ancestor.claimed, ancestor.facts.id if ancestor.facts else None},
        "commit": {ancestor.revision, ancestor.commit},
    }


def _revoked(registry: Registry, subjects: Subjects, whose: str) -> Iterator[Finding]:
    for kind, values in subjects.items():
        for value in sorted(value for value in values if value):
            for entry in registry.revocations(kind, value):
                message = f"the {whose}{kind} was revoked: {entry.reason}"
                yield failed("registry/revoked", message, value)
