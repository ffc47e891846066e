"""attestation: did whoever your policy asks find this model good, and recently enough?

`[[policy.require_attestation]]` names a predicate and a role: in-toto test results are the word of
an evaluator, SLSA verification summaries that of a verifier. It passes when somebody in that role,
for this repository, says PASSED of every file that a loader reads, and none of them says FAILED.
Of each the newest word counts, by the time that stands in the statement (a summary's
`timeVerified`; a test result may have `timeCreated`, `timeVerified` or `finishedOn`), or by the
certificate's validity. A timestamp or a log's entry, which anybody can add, says nothing of that.

Where `suite` names one, by its name or its digest, only results count that have it in their
`configuration`; a FAILED counts by whatever suite. It is taken back only by a PASSED that names all
that the FAILED has in its `configuration`.

FAILED counts by digests alone, whatever the subjects are called: of any weight file of this model,
of every file that a loader reads, or of the whole.

Findings:

attestation/failed
    An evaluator or verifier found the model wanting. Do not deploy it; only a newer PASSED of the
    same party over the same files changes that.

attestation/withheld
    The lockfile remembers that somebody found these weights wanting, and neither that statement
    nor a newer PASSED of the same party is there. Find out who took it away.

attestation/shared-file
    Somebody said FAILED of another model, which has some files in common with this one, none of
    them weights. It says nothing of this model; read what was wrong.

attestation/missing
    Nobody in that role has said anything of this model. Ask for it, and put the bundle into the
    repository or your own attestations/ folder.

attestation/other-suite
    Tests were passed, and not those of the suite that your policy names in `suite`. Ask for a
    result of that one: the name or the digest of a suite stands in a result's `configuration`.

attestation/nobody
    The registry has nobody in that role who may speak of this repository.

attestation/uncovered-file
    A file that a loader reads is not among the subjects. What was left out may be what was changed.

attestation/stale
    The newest attestation is older than `max_age`. Have the model looked at again.

attestation/undated
    Nothing that was signed says when, so that its age cannot be told; nor does a time that is yet
    to come. Ask for a statement with a time in it, or a keyless signature.

attestation/warned
    The evaluator let it pass, with warnings: read its report.

attestation/malformed
    The result in a statement of this model, by somebody who may speak, cannot be read: it may mean
    FAILED. Ask for a good one.

attestation/not-asked
    The check is required, and no `[[policy.require_attestation]]` says whose attestation is.

attestation/pass
    Who found it good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.case.assessments import (
    FAILED,
    PASSED,
    WARNED,
    Assessment,
    Files,
    convicting,
    counting,
    files_of,
    remembered,
    words,
)
from provenance.case.case import Case
from provenance.lock import LockedFailure
from provenance.policy.required import SPOKEN, RequiredAttestation
from provenance.verdict import Finding, failed, passed, unknown
from provenance.wire.descriptor import Descriptor

SHOWN = 20


def check(case: Case) -> Iterator[Finding]:
    """Whether each statement that the policy requires is there, is recent and says PASSED."""
    if not case.policy.required:
        yield unknown("attestation/not-asked", "the policy requires no attestation", case.subject)
    files = files_of(case)
    for predicate in dict.fromkeys(one.predicate for one in case.policy.required):
        asked = [one for one in case.policy.required if one.predicate == predicate]
        said = words(case, asked[0], files)
        yield from map(_against, convicting(said))
        yield from _aside(said)
        for required in asked:
            yield from _one(case, required, said)
    past = [f for f in case.lock.failures if remembered(case, f, files)] if case.lock else []
    for predicate in sorted({failure.predicate for failure in past}):
        required = RequiredAttestation(predicate=predicate, role=SPOKEN[predicate])
        said = words(case, required, files)
        for failure in past:
            if failure.predicate == predicate:
                yield from _withheld(case, failure, said, files)


def _one(
    case: Case, required: RequiredAttestation, said: Sequence[Assessment]
) -> Iterator[Finding]:
    against, good = convicting(said), counting(said, required.suite)
    problems = [(word, tuple(_problems(case, required, word))) for word in good]
    holding = [word for word, wrong in problems if not wrong]
    for word in holding:
        if word.result == WARNED:
            yield failed("attestation/warned", f"{word.speaker} says WARNED", word.bundle)
        yield passed("attestation/pass", f"{word.speaker} says {word.result}{_on(word)}{_by(word)}")
    if not holding:
        yield from (finding for _, wrong in problems for finding in wrong)
    if not good and not against:
        others = [word for word in counting(said) if word.is_of_this]
        yield from (_of_another(word, required) for word in others)
        if not others:
            yield _silence(case, required)


def _against(word: Assessment) -> Finding:
    if word.result == FAILED:
        message = f"{word.speaker} says FAILED{_on(word)} of {_shown(word.shared)}"
        return failed("attestation/failed", message, word.bundle)
    message = f"{word.speaker} says something of {_shown(word.shared)}, and {word.problem}"
    return failed("attestation/malformed", message, word.bundle)


def _of_another(word: Assessment, required: RequiredAttestation) -> Finding:
    """A good word by another suite than is asked for."""
    named = _shown(sorted(word.labels)) or word.problem or "no suite by name"
    message = f"{word.speaker} says {word.result}{_on(word)} by {named}; expected {required.suite}"
    return failed("attestation/other-suite", message, word.bundle)


def _aside(said: Sequence[Assessment]) -> Iterator[Finding]:
    for word in said:
        if word.result == FAILED and not word.is_of_this:
            message = f"{word.speaker} says FAILED of another model with {_shown(word.shared)}"
            yield failed("attestation/shared-file", message, word.bundle)


def _shown(paths: Sequence[str]) -> str:
    more = len(paths) - SHOWN
    return ", ".join(paths[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _silence(case: Case, required: RequiredAttestation) -> Finding:
    repo = case.origin.ref.repo or ""
    speaking = [
        f"{org.name}/{signer.name}"
        for org, signer in case.registry.signers()
        if signer.may(required.role, repo)
    ]
    if not speaking:
        message = (
            f"the registry has no {required.role} for this repository{_elsewhere(case, required)}"
        )
        return unknown("attestation/nobody", message, case.subject)
    suite = f" of the suite {required.suite}" if required.suite else ""
    message = f"no {required.predicate}{suite} by {', '.join(speaking[:SHOWN])}"
    return failed("attestation/missing", message, case.subject)


def _elsewhere(case: Case, required: RequiredAttestation) -> str:
    """Who speaks so for others alone, and what lets them speak for this one."""
    known = [(o, s) for o, s in case.registry.signers() if required.role in s.roles]
    if not known:
        return ""
    org, signer = known[0]
    step = f'`repos = ["{case.origin.ref.repo}"]` in its entry lets it speak for this one'
    return f": {org.name}/{signer.name} is one of {', '.join(signer.repos[:SHOWN])}; {step}"


def _problems(case: Case, required: RequiredAttestation, word: Assessment) -> Iterator[Finding]:
    """What keeps a good word from counting."""
    for path in word.missing[:SHOWN]:
        message = f"{word.speaker} leaves it out, and {case.files.why_read(path)}"
        yield failed("attestation/uncovered-file", message, path)
    if required.max_age is None:
        return
    limit = case.evidence.today - required.max_age
    if word.signed and word.signed.latest < limit:
        message = f"{word.speaker} looked at it{_on(word)}; max_age is {required.max_age.days} days"
        yield failed("attestation/stale", message, word.bundle)
    elif word.signed is None or word.signed.earliest < limit:
        message = f"no date in what {word.speaker} signed says when the model was looked at"
        yield unknown("attestation/undated", message, word.bundle)


def _withheld(
    case: Case, failure: LockedFailure, said: Sequence[Assessment], files: Files
) -> Iterator[Finding]:
    """A FAILED of these weights that the lockfile has, and nothing newer by that party."""
    own = [word for word in said if _is_by(word, failure)]
    if convicting(own):
        return
    if not any(_answers(word, failure, files) for word in own):
        who = f"{failure.organisation}/{failure.name}"
        message = f"{who} said FAILED of these weights, and it is gone"
        yield failed("attestation/withheld", message, case.subject)


def _is_by(word: Assessment, failure: LockedFailure) -> bool:
    """Whether the party is the same: by its key, or in a lockfile of old by its name."""
    if failure.key:
        return word.key == failure.key
    return (word.organisation, word.name) == (failure.organisation, failure.name)


def _answers(word: Assessment, failure: LockedFailure, files: Files) -> bool:
    """Whether this is a newer PASSED of all that failed and is here."""
    since = bool(word.signed and failure.time and word.signed.earliest > failure.time)
    left = files.by_digest.keys() & set(failure.files) - word.named
    whole = bool(failure.files) or not word.missing
    same = word.labels >= set(failure.suites)
    return word.result == PASSED and since and whole and same and not left


def _by(word: Assessment) -> str:
    """By which suites, and how many tests there were by their outcome, as far as it says so."""
    if word.tested is None:
        return ""
    counted = word.tested.counts
    counts = ", ".join(f"{count} {outcome}" for outcome, count in counted)
    named = f", by {_shown(sorted(word.labels))}" if word.labels else ""
    left = "".join(f", {told}" for one in word.tested.configuration for told in _left_out(one))
    return f"{named}: {counts}{left}" if any(count for _, count in counted) else f"{named}{left}"


def _left_out(one: Descriptor) -> Iterator[str]:
    """How much of what could be asked was asked, where it was not all of it."""
    asked, left = (dict(one.notes).get(name) for name in ("asked", "leftOut"))
    if isinstance(asked, int) and isinstance(left, int) and left > 0:
        yield f"in {asked} of {asked + left} contexts"


def _on(word: Assessment) -> str:
    if word.signed is None:
        return ""
    first, last = f"{word.signed.earliest:%Y-%m-%d}", f"{word.signed.latest:%Y-%m-%d}"
    return f" on {first}" if first == last else f" between {first} and {last}"
