"""Waivers and exemptions of the caller that set nothing aside, and what to type about them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime

from provenance.case.case import Case
from provenance.policy import Exemption, Waiver
from provenance.policy.allowances import BY_EXEMPTION
from provenance.verdict import Finding, Outcome

SHORT = len("sha256:") + 12


def means(waiver: Waiver, finding: Finding, case: Case) -> bool:
    """Whether a waiver is in force, and about this finding on these bytes."""
    about = (waiver.rule, waiver.subject) == (finding.rule, finding.where)
    return about and case.in_force(waiver.expires) and case.is_meant_by(waiver)


def unused(case: Case, weighed: Sequence[Finding]) -> Iterator[str]:
    """What is said of each that was written for this model and did nothing, or has run out."""
    repo = case.evidence.ref.repo
    for waiver in (one for one in case.policy.waivers if one.repo == repo):
        used = any(f.waived and means(waiver, f, case) for f in weighed)
        if not used or waiver.expires <= case.evidence.today:
            what = f"the waiver of {waiver.rule} for {waiver.subject}"
            yield f"{what} {_waiver(waiver, case, weighed)}"
    for exemption in (one for one in case.policy.exemptions if one.repo == repo):
        used = exemption is case.exemption
        if not used or exemption.expires <= case.evidence.today:
            yield f"the exemption of {repo} {_exemption(exemption, case, weighed)}"


def _waiver(waiver: Waiver, case: Case, weighed: Sequence[Finding]) -> str:
    if waiver.expires <= case.evidence.today:
        return _expired(waiver.expires)
    if case.is_meant_by(waiver):
        return "was not needed"
    stands = any((f.rule, f.where) == (waiver.rule, waiver.subject) for f in _standing(weighed))
    words = ["waive", f"{waiver.rule}@{waiver.repo}", "--subject", waiver.subject]
    return _other(waiver, case, [*words, "--reason", "WHY"] if stands else ())


def _exemption(exemption: Exemption, case: Case, weighed: Sequence[Finding]) -> str:
    if case.is_meant_by(exemption):
        return _expired(exemption.expires)
    alone = [one.repo for one in case.policy.exemptions].count(exemption.repo) == 1
    stands = alone and any(finding.rule in BY_EXEMPTION for finding in _standing(weighed))
    renewable = not case.rests[exemption.ignore].read
    words = ["update", "--renew"] if renewable else ["exempt", "--reason", "WHY"]
    return _other(exemption, case, [*words, exemption.repo] if stands else ())


def _other(entry: Exemption | Waiver, case: Case, words: Sequence[str]) -> str:
    """That it is for other bytes than these, with the command that writes it for them."""
    rest = case.rests[entry.ignore]
    if entry.manifest is None or rest.digest in ("", entry.manifest):
        return "does not hold, because of what it ignores"
    digests = f"{entry.manifest[:SHORT]}…, and these are {rest.digest[:SHORT]}…"
    step = f"`{shlex.join(['provenance', *words])}` writes it for these" if words else "remove it"
    return f"is for other bytes: {digests}; {step}"


def _standing(weighed: Sequence[Finding]) -> Iterator[Finding]:
    """What is no pass and was not set aside."""
    quiet = (Outcome.PASS, Outcome.SKIPPED)
    return (f for f in weighed if f.outcome not in quiet and not f.waived and not f.exempted)


def _expired(day: datetime) -> str:
    return f"expired on {day:%Y-%m-%d}"
