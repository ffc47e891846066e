"""From evidence to a verdict. Pure: the same evidence, policy and registry yield the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from provenance.case.case import Case
from provenance.case.changes import change_of
from provenance.case.folding import folded
from provenance.case.members import JudgedMember
from provenance.case.mirror import Mirror, mirror
from provenance.case.unused import means, unused
from provenance.checks import table
from provenance.claims.files import ModelFiles
from provenance.lock import Entry, Lock, member_entry
from provenance.lock import remembered as known_of
from provenance.model import Basis, Evidence
from provenance.policy import Policy
from provenance.signature import Attestation, Signed
from provenance.trust import Registry
from provenance.verdict import (
    OF_THE_CALLER,
    Finding,
    Level,
    Outcome,
    Result,
    SignerSeen,
    Verdict,
    failed,
    nobody,
)

IDENTITY = "identity/pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A verdict, and the case that it closes; `members` are those of what loaders fetch for it."""

    case: Case
    verdict: Verdict
    members: tuple[Evaluation, ...] = ()


def judge(
    evidence: Evidence,
    policy: Policy,
    registry: Registry,
    *,
    name: str = "",
    findings: Sequence[Finding] = (),
    lock: Lock | None = None,
    locked: Entry | None = None,
    exact: bool = False,
) -> Verdict:
    """The verdict on one model. Pure: the same evidence, policy and registry yield the same.

    `name` is what the verdict calls the model, by default its repository. `findings` are those
    about the caller's own files, which count beside those of the checks. `locked` is the entry of
    `lock` that the model is held against: what was known before or, with `exact`, the very files
    that are meant. Raises TrustError if a trust root of the registry cannot be used, and nothing
    else: what a model's author writes becomes a finding.
    """
    return evaluate(
        evidence,
        policy,
        registry,
        name=name,
        findings=findings,
        lock=lock,
        locked=locked,
        exact=exact,
    ).verdict


def evaluate(
    evidence: Evidence,
    policy: Policy,
    registry: Registry,
    *,
    name: str = "",
    findings: Sequence[Finding] = (),
    lock: Lock | None = None,
    locked: Entry | None = None,
    exact: bool = False,
    accepted: Collection[str] = (),
    remembered: Sequence[Entry] | None = None,
) -> Evaluation:
    """The verdict on one model and its case; `findings` are those about the caller's own files.

    `locked` is what `lock` says of the model: what was known before, or with `exact` the very files
    that are meant. `remembered` are the entries of its repository, if not those of `lock`;
    `accepted` are rules whose change against them the caller accepts. Raises TrustError if a trust
    root of the registry cannot be used, and nothing else.
    """
    if remembered is None:
        remembered = known_of(lock, name, evidence.ref.repo)
    members = _members(evidence, policy, registry, lock)
    files = ModelFiles(evidence=evidence)
    found_of = mirror(files, registry, lock)
    if isinstance(found_of, Mirror):
        remembered = (*remembered, *known_of(lock, "", found_of.origin.claimed))
    judged = tuple(one for one, _ in members)
    case = replace(
        Case.heard(evidence, policy, registry, judged, found_of, files, lock),
        locked=locked,
        remembered=tuple(remembered),
        exact=exact,
    )
    found = [*table.always(case), *findings, *table.asked(case)]
    weighed = [_weigh(finding, case, accepted) for finding in found]
    weighed += _unused(case, weighed)
    outcomes = tuple((check, _outcome(check, weighed)) for check in policy.checks)
    told = folded(weighed, evidence.manifest.by_path.keys())
    result, reason = _fold(outcomes, told)
    mirror_of = found_of.named if isinstance(found_of, Mirror) else ""
    if isinstance(found_of, Mirror):
        remark = f" ({found_of.remark})" if found_of.remark else ""
        reason = f"a mirror of {mirror_of}{remark}: {reason}"
    verdict = Verdict(
        name=name or evidence.ref.repo or evidence.ref.text,
        ref=evidence.ref.text,
        commit=evidence.ref.commit,
        mirror_of=mirror_of,
        result=result,
        reason=reason,
        manifest=evidence.manifest.digest,
        basis=evidence.basis,
        profile=policy.profile,
        checks=outcomes,
        signers=tuple(_signers(case)),
        findings=told,
    )
    # What was parsed is as large as the model's documents, and a run may hold a hundred trials.
    return Evaluation(
        case=replace(case, files=ModelFiles(evidence=evidence)),
        verdict=verdict,
        members=tuple(evaluation for _, evaluation in members if evaluation),
    )


def _members(
    evidence: Evidence, policy: Policy, registry: Registry, lock: Lock | None
) -> list[tuple[JudgedMember, Evaluation | None]]:
    """What loaders fetch for the model, each judged by what is asked of the model itself."""
    found: list[tuple[JudgedMember, Evaluation | None]] = []
    for member in evidence.members:
        own = None
        if member.evidence:
            one = replace(member.evidence, now=evidence.now)
            before = member_entry(lock, member.repo, member.commit)
            known = before is not None and before.commit == one.ref.commit
            own = evaluate(
                one,
                policy.for_member(),
                registry,
                lock=lock,
                locked=before,
                exact=known and one.basis is Basis.MEASURED,
            )
        found.append((JudgedMember(member=member, verdict=own.verdict if own else None), own))
    return found


def _weigh(finding: Finding, case: Case, accepted: Collection[str]) -> Finding:
    """The finding at its level, and set aside if it was accepted or a waiver means exactly it."""
    level = case.policy.level(finding.rule)
    if finding.rule == "registry/expired" and case.policy.lenient_expiry:
        level = Level.WARN
    if finding.rule in accepted and (change := change_of(finding.rule, _about(finding, case))):
        said = f"accepted: {change[0]} → {change[1]}"
        return replace(finding, level=Level.OFF, waived=said, accepted=change)
    for waiver in case.policy.waivers:
        if finding.outcome is not Outcome.PASS and means(waiver, finding, case):
            return replace(finding, level=Level.OFF, waived=waiver.reason)
    return finding if finding.level is level else replace(finding, level=level)


def _about(finding: Finding, case: Case) -> Case:
    """Whose case a finding is in: of a mirror its origin's where it is about that."""
    origin = case.at_origin
    return origin if origin and finding.where == origin.subject else case


def _unused(case: Case, weighed: Sequence[Finding]) -> Iterator[Finding]:
    """Waivers and exemptions written for this model that did nothing, or have run out."""
    for message in unused(case, weighed):
        finding = failed("policy/unused-waiver", message, case.evidence.ref.repo or "")
        yield replace(finding, level=case.policy.level(finding.rule))


def _outcome(check: str, findings: Iterable[Finding]) -> Outcome:
    """The worst that a finding which counts says; a check that says nothing is unknown."""
    own = [finding for finding in findings if finding.check == check]
    counting = {finding.outcome for finding in own if finding.level is Level.REQUIRE}
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        if outcome in counting:
            return outcome
    if any(f.exempted or (f.waived and not f.accepted) for f in own):
        return Outcome.EXCEPTED
    if Outcome.PASS in counting or any(finding.accepted for finding in own):
        return Outcome.PASS
    lowered = {finding.outcome for finding in own}
    if lowered == {Outcome.SKIPPED}:
        return Outcome.SKIPPED
    return next((o for o in (Outcome.FAIL, Outcome.UNKNOWN) if o in lowered), Outcome.UNKNOWN)


def _fold(
    outcomes: Sequence[tuple[str, Outcome]], findings: Sequence[Finding]
) -> tuple[Result, str]:
    """The verdict, and its reason in one line.

    What is found of the caller's own files decides too, and never in place of what the model's own
    reason is.
    """
    own = [finding for finding in findings if finding.rule not in OF_THE_CALLER]
    result, reason = _decided(outcomes, own)
    above = [f for f in findings if f.rule in OF_THE_CALLER and f.level is Level.REQUIRE]
    if above and result is not Result.FAIL:
        itself = "passes" if result is Result.PASS else f"is {result}"
        return (
            Result.FAIL,
            f"{above[0].rule}: {above[0].where}; the model itself {itself}: {reason}",
        )
    return result, reason


def _decided(
    outcomes: Sequence[tuple[str, Outcome]], findings: Sequence[Finding]
) -> tuple[Result, str]:
    """By a model's own findings: the first one that decided is the reason."""
    counting = [finding for finding in findings if finding.level is Level.REQUIRE]
    for outcome, result in ((Outcome.FAIL, Result.FAIL), (Outcome.UNKNOWN, Result.INCOMPLETE)):
        deciding = [finding for finding in counting if finding.outcome is outcome]
        if deciding:
            # Why there is nothing to compare with says more than that there is nothing.
            first = min(deciding, key=lambda finding: finding.rule == "integrity/no-reference")
            where = f"{first.where}: " if first.where else ""
            return result, f"{first.rule}: {where}{first.in_one_line}"
    for check, _ in outcomes:
        if not any(finding.check == check for finding in findings):
            return Result.INCOMPLETE, f"{check} said nothing"
    outcomes_of = {outcome for _, outcome in outcomes}
    if Outcome.SKIPPED in outcomes_of and not outcomes_of & {Outcome.PASS, Outcome.EXCEPTED}:
        skipped = next(finding for finding in findings if finding.outcome is Outcome.SKIPPED)
        return Result.INCOMPLETE, f"{skipped.rule}: {skipped.in_one_line}"
    return Result.PASS, _praise(findings)


def _praise(findings: Sequence[Finding]) -> str:
    waived = sum(bool(finding.waived) for finding in findings)
    said = [f.message for f in findings if f.rule == "signature/pass" and not f.exempted]
    tested = dict.fromkeys(f.message for f in findings if f.rule == "attestation/pass")
    exempted = sorted((f for f in findings if f.exempted), key=lambda f: f.rule != IDENTITY)
    known = any(finding.rule == IDENTITY for finding in findings)
    whose = exempted[0].message if exempted else "the publisher is registered" * known
    own = said[0] if said else "; ".join(filter(None, (whose, nobody(findings))))
    reason = "; ".join((own, *tested))
    return f"{reason} ({waived} waived)" if waived else reason


def _signers(case: Case) -> Iterator[SignerSeen]:
    """Everybody whose signature holds, whether or not they count here."""
    for verification in case.verifications:
        if isinstance(verification, Signed):
            parties = verification.parties if isinstance(verification, Attestation) else ()
            yield SignerSeen(
                kind=parties[0].signer.material.kind if parties else "",
                name=", ".join(party.signer.name for party in parties) or "",
                organisation=", ".join(sorted({party.org.name for party in parties})),
                identity=verification.identity,
                bundle=verification.bundle,
                times=tuple(moment.isoformat() for moment in verification.moments.not_later_than),
            )
