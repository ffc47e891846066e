"""What is set aside of a model that is in use already, bound to its exact bytes. Pure.

Adoption makes the next run green without trusting anybody new: whatever is not these bytes is
judged. What may not be waived, what is too much to look at and what looks like malware stays a
failure; so does what the bytes only name and do not hold, code or parents in another repository:
it can be another one tomorrow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from provenance.checks.format.check import REBUILDS_TENSORS
from provenance.claims.code import code_claims
from provenance.judgement import judge
from provenance.model import Evidence
from provenance.policy import Exemption, Policy, Waiver, may_lower
from provenance.trust import Registry
from provenance.verdict import Finding, Level, Outcome, Verdict

REASON = "in use before adoption"
UNKNOWN_PUBLISHER = "identity/unknown-publisher"
NEVER = frozenset(
    {
        "code/hub-flagged",
        "code/native",
        "format/disguised",
        "format/executable",
        "identity/confusable",
    }
)
"""Rules that may be waived by hand, after a look, and are not by adoption."""
LEADS_AWAY = frozenset({"auto-map", "kernel", "module", "pipeline", "remote-code"})
"""What a file makes a loader run that may be another file, or lie elsewhere."""
OF_THESE_BYTES = frozenset(
    {
        "ancestry/bare-digest",
        "ancestry/loaded-from-path",
        "ancestry/method",
        "ancestry/no-origin",
        "ancestry/relation",
        "ancestry/self",
        "ancestry/under-declared",
        "ancestry/unreadable",
    }
)
"""What is odd about the words on its parents, whoever those are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What is set aside, the verdict with it, and the findings that stay."""

    verdict: Verdict
    exemptions: tuple[Exemption, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    left: tuple[Finding, ...] = ()


def adopt(evidence: Evidence, policy: Policy, registry: Registry, expires: datetime) -> Adoption:
    """The exemption and the waivers under which these very bytes would pass, as far as they may.

    A model without a name can have none.
    """
    repo, manifest = evidence.ref.repo, evidence.manifest.digest
    found = Adoption(verdict=judge(evidence, policy, registry))
    if repo is None:
        return replace(found, left=_counting(found.verdict))
    if any(finding.rule == UNKNOWN_PUBLISHER for finding in _counting(found.verdict)):
        exemption = Exemption(repo=repo, manifest=manifest, reason=REASON, expires=expires)
        policy = replace(policy, exemptions=(*policy.exemptions, exemption))
        found = Adoption(verdict=judge(evidence, policy, registry), exemptions=(exemption,))
    waivers = tuple(
        Waiver(
            rule=finding.rule,
            repo=repo,
            subject=finding.where,
            manifest=manifest,
            reason=REASON,
            expires=expires,
        )
        for finding in dict.fromkeys(_counting(found.verdict))
        if _may_be_adopted(finding, evidence)
    )
    judged = judge(evidence, replace(policy, waivers=(*policy.waivers, *waivers)), registry)
    return replace(found, verdict=judged, waivers=waivers, left=_counting(judged))


def _counting(verdict: Verdict) -> tuple[Finding, ...]:
    return tuple(
        finding
        for finding in verdict.findings
        if finding.level is Level.REQUIRE and finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN)
    )


def _may_be_adopted(finding: Finding, evidence: Evidence) -> bool:
    if not may_lower(finding.rule) or finding.rule in NEVER or not finding.where:
        return False
    if finding.count > 1:
        return False
    if finding.check in ("integrity", "lineage"):
        return False
    if finding.check == "ancestry":
        return finding.rule in OF_THESE_BYTES
    if finding.check == "code":
        return _is_inside(finding, evidence)
    return finding.rule != "format/pickle" or _only_rebuilds(finding.where, evidence)


def _is_inside(finding: Finding, evidence: Evidence) -> bool:
    """Whether all the code that the finding is about is a file of these very bytes."""
    slug = finding.rule.removeprefix("code/")
    return slug not in LEADS_AWAY or all(
        claim.target in evidence.manifest.by_path
        for claim in code_claims(evidence)
        if (claim.code, claim.path) == (slug, finding.where)
    )


def _only_rebuilds(path: str, evidence: Evidence) -> bool:
    """Whether a pickle was read to its end and imports nothing but what rebuilds tensors."""
    seen = [observation for observation in evidence.observations if observation.path == path]
    imports = [one.detail for one in seen if one.code == "pickle-import"]
    unread = any(one.code in ("unreadable", "limit") for one in seen)
    return not unread and bool(imports) and all(map(REBUILDS_TENSORS.fullmatch, imports))
