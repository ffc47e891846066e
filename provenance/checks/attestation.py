"""attestation: did whoever your policy asks find this model good, and recently enough?

`[[policy.require_attestation]]` names a predicate and a role: in-toto test results are the word of
an evaluator, SLSA verification summaries that of a verifier. It passes when somebody in that role,
for this repository, says PASSED of every file that a loader reads, and none of them says FAILED.
Of each the newest word counts, by verified times.

Findings:

attestation/failed
    An evaluator or verifier found the model wanting. Do not deploy it; only a newer word of the
    same party changes that.

attestation/withheld
    The lockfile remembers that somebody found exactly these bytes wanting, and that statement is
    not there any more. Find out who took it away.

attestation/missing
    Nobody in that role has said anything of this model. Ask for it, and put the bundle into the
    repository or your own attestations/ folder.

attestation/nobody
    The registry has nobody in that role who may speak of this repository.

attestation/uncovered-file
    A file that a loader reads is not among the subjects. What was left out may be what was changed.

attestation/stale
    The newest word is older than `max_age`. Have the model looked at again.

attestation/undated
    No verified time says when it was signed, so that its age cannot be told. Sign with a timestamp.

attestation/warned
    The evaluator let it pass, with warnings: read its report.

attestation/malformed
    A statement by somebody who may speak cannot be read. Ask for a good one.

attestation/not-asked
    The check is demanded and no `[[policy.require_attestation]]` says of whom.

attestation/pass
    Who found it good.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.case import Case
from provenance.checks.words import FAILED, WARNED, Word, heard, newest, said
from provenance.lock import LockedFailure
from provenance.policy.required import SPOKEN, RequiredAttestation
from provenance.verdict import Finding, failed, passed, unknown

SHOWN = 20


def check(case: Case) -> Iterator[Finding]:
    """Whether each statement that the policy requires is there, is recent and says PASSED."""
    if not case.policy.required:
        yield unknown("attestation/not-asked", "the policy requires no attestation", case.subject)
    for required in case.policy.required:
        yield from _one(case, required)
    for failure in case.lock.failures if case.lock else ():
        yield from _withheld(case, failure)


def _one(case: Case, required: RequiredAttestation) -> Iterator[Finding]:
    all_heard = tuple(heard(case, required))
    counting = newest(word for word in all_heard if isinstance(word, Word))
    for word in counting:
        if word.result == FAILED:
            message = f"{word.speaker} says FAILED{_on(word)}"
            yield failed("attestation/failed", message, word.bundle)
    good = [word for word in counting if word.result != FAILED]
    problems = [(word, tuple(_problems(case, required, word))) for word in good]
    holding = [word for word, wrong in problems if not wrong]
    for word in holding:
        if word.result == WARNED:
            yield failed("attestation/warned", f"{word.speaker} says WARNED", word.bundle)
        yield passed("attestation/pass", f"{word.speaker} says {word.result}{_on(word)}")
    if not holding:
        yield from (finding for _, wrong in problems for finding in wrong)
        yield from (finding for finding in all_heard if isinstance(finding, Finding))
    if not counting:
        yield _silence(case, required)


def _silence(case: Case, required: RequiredAttestation) -> Finding:
    repo = case.evidence.ref.repo or ""
    speaking = [
        f"{org.name}/{signer.name}"
        for org, signer in case.registry.signers()
        if signer.may(required.role, repo)
    ]
    if not speaking:
        message = f"the registry has no {required.role} for this repository"
        return unknown("attestation/nobody", message, case.subject)
    message = f"no {required.predicate} by {', '.join(speaking[:SHOWN])}"
    return failed("attestation/missing", message, case.subject)


def _problems(case: Case, required: RequiredAttestation, word: Word) -> Iterator[Finding]:
    """What keeps a good word from counting."""
    for path in word.missing[:SHOWN]:
        message = f"{word.speaker} leaves it out, and a loader reads it"
        yield failed("attestation/uncovered-file", message, path)
    if required.max_age is None:
        return
    if word.time is None:
        message = f"no verified time says when {word.speaker} signed it"
        yield unknown("attestation/undated", message, word.bundle)
    elif case.evidence.at - word.time > required.max_age:
        message = f"{word.speaker} said so{_on(word)}, and {required.max_age.days} days are allowed"
        yield failed("attestation/stale", message, word.bundle)


def _withheld(case: Case, failure: LockedFailure) -> Iterator[Finding]:
    """A FAILED of exactly these bytes that the lockfile has, and nothing newer by that party."""
    evidence = case.evidence
    if (failure.repo, failure.manifest) != (evidence.ref.repo or "", evidence.manifest.digest):
        return
    required = RequiredAttestation(predicate=failure.predicate, role=SPOKEN[failure.predicate])
    since = [
        word
        for word in said(case, required)
        if (word.organisation, word.name) == (failure.organisation, failure.name)
        if word.result == FAILED or (word.time and failure.time and word.time > failure.time)
    ]
    if not since:
        message = (
            f"{failure.organisation}/{failure.name} said FAILED of these bytes, and it is gone"
        )
        yield failed("attestation/withheld", message, case.subject)


def _on(word: Word) -> str:
    return f" on {word.time:%Y-%m-%d}" if word.time else ""
