"""What is set aside of a model that is in use already, bound to its exact bytes. Pure.

Adoption makes the next run green without trusting anybody new: whatever is not these bytes is
judged. What may not be waived, what is too much to look at and what looks like malware stays a
failure; so does what the bytes only name and do not hold, code or parents in another repository:
it can be another one tomorrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from provenance.case.changes import ACCEPTABLE
from provenance.checks.closure import UNKNOWN_COMMIT
from provenance.checks.format.check import REBUILDS_TENSORS
from provenance.claims.code import code_claims
from provenance.claims.loader import loader_reads
from provenance.judgement import judge
from provenance.lock.known import SHORT_OF_BYTES
from provenance.model import Evidence, Kind
from provenance.policy import Exemption, Policy, Waiver, is_subject, may_lower
from provenance.policy.allowances import BY_EXEMPTION, OF_A_MEMBER
from provenance.policy.binding import rest_of
from provenance.selection import matches
from provenance.trust import Registry
from provenance.verdict import Finding, Level, Outcome, Verdict

REASON = "in use before adoption"
UNKNOWN_PUBLISHER = "identity/unknown-publisher"
UNDECLARED = "integrity/undeclared"
NEVER = frozenset(
    {
        "ancestry/conflict",
        "ancestry/contradicted",
        "ancestry/copied-signature",
        "ancestry/identical",
        "ancestry/replaced",
        "ancestry/undeclared-parent",
        "code/hub-flagged",
        "code/native",
        "format/disguised",
        "format/executable",
        "identity/confusable",
        "identity/mirror",
        "signature/copied",
        "signature/mismatch",
        "weights/contradicted",
        "weights/exceeded",
    }
)
"""Rules that may be waived by hand, after a look, and are not by adoption."""
LEADS_AWAY = frozenset({"auto-map", "kernel", "module", "pipeline", "remote-code"})
"""What a file makes a loader run that may be another file, or lie elsewhere."""
LOOKED_INTO = frozenset({Kind.NPZ, Kind.ZIP})
"""Containers whose members are read; a compressed file or a tar is not opened."""
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


DOCUMENTS_AND_PICTURES = (
    "**/*.md",
    "**/LICENSE*",
    "**/*.pdf",
    "**/*.png",
    "**/*.jpg",
    "**/*.jpeg",
    "**/*.gif",
    "**/*.svg",
    "**/*.webp",
    ".gitattributes",
)
"""What an exemption may ignore. It is written into each, so that this list may change."""
BY_PIN = frozenset({"closure/from-nowhere", "closure/unpinned"})
"""What `provenance add` settles, where a Hub told the commits."""
OF_FILES = frozenset({"code", "format"})
"""Checks whose findings are about files, whatever the documents beside them say."""


class Remedy(StrEnum):
    """What its caller may do about a finding, besides asking for another model."""

    ACCEPT = "accept the change against the lockfile"
    EXEMPT = "exempt the bytes"
    PIN = "pin what its loaders fetch"
    JUDGE = "judge what its loaders fetch by itself, and see to that"
    MEASURE = "read the bytes of which nobody states a digest"
    WAIVE = "waive the rule for this subject"
    LOOK = "look first; a waiver by hand is possible"
    NONE = "nothing: it may not be set aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What is set aside, the verdict with it, and the findings that stay."""

    verdict: Verdict
    exemptions: tuple[Exemption, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    left: tuple[Finding, ...] = ()


def adopt(
    evidence: Evidence,
    policy: Policy,
    registry: Registry,
    expires: datetime,
    *,
    whole: bool = False,
) -> Adoption:
    """The exemption and the waivers under which these very bytes would pass, as far as they may.

    They ignore documents and pictures unless `whole`. A model without a name can have none.
    """
    repo = evidence.ref.repo
    known = [one.evidence for one in evidence.members if one.evidence]
    inner = [adopt(one, policy.for_member(), registry, expires, whole=whole) for one in known]
    exemptions = tuple(entry for one in inner for entry in one.exemptions)
    beside = tuple(entry for one in inner for entry in one.waivers)
    policy = replace(
        policy,
        exemptions=(*policy.exemptions, *exemptions),
        waivers=(*policy.waivers, *beside),
    )
    found = Adoption(
        verdict=judge(evidence, policy, registry), exemptions=exemptions, waivers=beside
    )
    if repo is None:
        return replace(found, left=counting(found.verdict))
    if any(finding.rule == UNKNOWN_PUBLISHER for finding in counting(found.verdict)):
        exemption = exemption_of(evidence, REASON, expires, whole=whole)
        policy = replace(policy, exemptions=(*policy.exemptions, exemption))
        verdict = judge(evidence, policy, registry)
        found = replace(found, verdict=verdict, exemptions=(exemption, *exemptions))
    waivers = tuple(
        waiver_of(finding, evidence, REASON, expires, whole=whole)
        for finding in dict.fromkeys(counting(found.verdict))
        if _may_be_adopted(finding, evidence)
    )
    judged = judge(evidence, replace(policy, waivers=(*policy.waivers, *waivers)), registry)
    return replace(found, verdict=judged, waivers=(*waivers, *beside), left=counting(judged))


def exemption_of(
    evidence: Evidence, reason: str, expires: datetime, *, whole: bool = False
) -> Exemption:
    """The exemption of these bytes, but for documents and pictures unless `whole`."""
    ignore = () if whole else _ignorable(evidence)
    return Exemption(
        repo=evidence.ref.repo or "",
        manifest=rest_of(evidence, ignore).digest,
        reason=reason,
        expires=expires,
        ignore=ignore,
    )


def waiver_of(
    finding: Finding, evidence: Evidence, reason: str, expires: datetime, *, whole: bool = False
) -> Waiver:
    """The waiver of one finding for these bytes.

    What a document may have said (parents, licences) needs every byte; what a file of code or
    weights is does not change with the documents beside it.
    """
    ignore = _ignorable(evidence) if finding.check in OF_FILES and not whole else ()
    if ignore and not matches(finding.where, [], ignore):
        ignore = ()
    return Waiver(
        rule=finding.rule,
        repo=evidence.ref.repo or "",
        subject=finding.where,
        manifest=rest_of(evidence, ignore).digest,
        reason=reason,
        expires=expires,
        ignore=ignore,
    )


def _ignorable(evidence: Evidence) -> tuple[str, ...]:
    """The patterns of documents and pictures that match some of the files, and none that a loader
    reads."""
    paths, read = evidence.manifest.by_path, loader_reads(evidence)
    found = tuple(
        pattern
        for pattern in DOCUMENTS_AND_PICTURES
        if (taken := {path for path in paths if not matches(path, [], [pattern])})
        and not taken & read
    )
    return found if rest_of(evidence, found).digest else ()


def remedy(finding: Finding, repo: str | None) -> Remedy:
    """What may be done about a finding that counts, on a model that claims to be `repo`.

    A change is acceptable where its message says so: what the registry contradicts is not.
    """
    if finding.rule in ACCEPTABLE and "--accept " in finding.message:
        return Remedy.ACCEPT
    if repo is None:
        return Remedy.NONE
    if finding.rule in BY_EXEMPTION:
        return Remedy.EXEMPT
    if finding.rule in BY_PIN and f"@{UNKNOWN_COMMIT}" not in finding.message:
        return Remedy.PIN
    if finding.rule == OF_A_MEMBER:
        return Remedy.JUDGE
    if not may_lower(finding.rule) or not is_subject(finding.where) or finding.count > 1:
        return Remedy.NONE
    return Remedy.LOOK if finding.rule in NEVER else Remedy.WAIVE


def remedies(findings: Sequence[Finding], repo: str | None) -> tuple[Remedy, ...]:
    """What may be done about each of the findings that count on one model: where nobody states the
    digest of a file, what is unknown is known once its bytes are read."""
    unread = any(finding.rule == UNDECLARED for finding in findings)
    short = SHORT_OF_BYTES if unread else frozenset()
    return tuple(
        Remedy.MEASURE
        if finding.outcome is Outcome.UNKNOWN and finding.rule in short
        else remedy(finding, repo)
        for finding in findings
    )


def counting(verdict: Verdict) -> tuple[Finding, ...]:
    """The findings that keep a model from passing."""
    return tuple(
        finding
        for finding in verdict.findings
        if finding.level is Level.REQUIRE and finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN)
    )


def _may_be_adopted(finding: Finding, evidence: Evidence) -> bool:
    if not may_lower(finding.rule) or finding.rule in NEVER or not is_subject(finding.where):
        return False
    if finding.count > 1:
        return False
    if finding.check in ("closure", "integrity", "lineage"):
        return False
    if finding.check == "ancestry":
        return finding.rule in OF_THESE_BYTES
    if finding.check == "code":
        return _is_inside(finding, evidence)
    return finding.check != "format" or _is_read_as_data(finding, evidence)


def _is_inside(finding: Finding, evidence: Evidence) -> bool:
    """Whether all the code that the finding is about is a file of these very bytes."""
    slug = finding.rule.removeprefix("code/")
    return slug not in LEADS_AWAY or all(
        claim.target in evidence.manifest.by_path
        for claim in code_claims(evidence)
        if (claim.code, claim.path) == (slug, finding.where)
    )


def _is_read_as_data(finding: Finding, evidence: Evidence) -> bool:
    """Whether what the file imports, if it does, only rebuilds tensors, and all of it was read
    where it is a container, in which anything may lie."""
    seen = [one for one in evidence.observations if one.path == finding.where]
    imports = [one.detail for one in seen if one.code == "pickle-import"]
    content = evidence.by_path.get(finding.where)
    opened = {
        "format/pickle": bool(imports),
        "format/archive": content is not None and content.kind in LOOKED_INTO,
    }
    if finding.rule in opened:
        unread = any(one.code in ("unreadable", "limit") for one in seen)
        if unread or not opened[finding.rule]:
            return False
    return all(map(REBUILDS_TENSORS.fullmatch, imports))
