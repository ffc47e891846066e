"""signature: did the publisher of this model sign every file a loader reads?

Passes when a signer with the role publisher for this repository signed, by one bundle, every
selected file that a loader reads: all but documents, pictures, logs and Git's own. Without a
name (`--as`) any registered publisher will do, and the report says which. A signature says who
signed these files; it names neither model nor revision, and nobody's signature says *safe*.

What is not covered and no loader reads (README, licence, pictures) is listed and does not fail.

Findings:

signature/missing
    The registry has a signer for this repository, and there is no signature. Somebody stripped
    it, or this is not their release. Fetch from the publisher.

signature/unread
    The registry has a signer for this repository; no signature was found in what was read, and one
    may lie in what was not. Mend what integrity says of it, then verify again.

signature/unsigned
    Nobody signed these files. Ask the publisher to sign, or exempt these bytes by manifest.

signature/not-demanded
    The registry knows no signer for this repository, so the profile does not ask for a signature.

signature/wrong-signer
    Somebody signed, but not a registered publisher of this repository. Fetch it from its publisher;
    if this signer is theirs too, `provenance registry learn` proposes the entry. A key alone is not
    in the bundle: have it from them, then `provenance registry add-signer ORG NAME --key FILE`.
    Never waived.

signature/wrong-namespace
    A registered party signed, whose organisation does not own this repository: its signature was
    copied to a name that is not theirs. Never waived.

signature/wrong-role
    A signer of this organisation signed who is not its publisher. No role stands in for another.

signature/unregistered-signer
    The registry does not know who signed. If you do, let `provenance registry learn` propose the
    entry, and add it. A bundle does not hold the public key of who signed with a key alone: have it
    from them, and `provenance registry add-signer ORG NAME --key FILE`.

signature/copied
    A good signature of the publisher, over other weights: it belongs to another model or release.

signature/mismatch
    A good signature of the publisher, and some of the files it covers are not what was signed.
    The integrity check names them.

signature/other-model
    A good signature of the publisher, and the bundle, the registry or your lockfile has the files
    that it covers as another repository: manifest and signature were copied, whatever was added.
    Fetch the model that you mean. A publisher who signed in a folder of another's name signs again
    in one that is called like the repository.

signature/unsigned-file
    A loader may read this file, and the signature does not cover it: it may have been added later.
    The message says who reads it (`explain loaders` has them all), and where it makes a loader use
    other weights or code than those that were signed. Only documents, pictures, logs and Git's own
    files are known to be read by nobody. A signature over shards cannot name an empty file: exclude
    it, or ask for a signature over whole files.

signature/unsigned-other
    A file no loader reads (a document, picture or log by name and content) is not signed.

signature/pieced-together
    Every file is signed, but by bundles that do not belong together: files of two releases may be
    mixed. Ask for one signature over the whole model.

signature/threshold
    Fewer distinct signers than the organisation requires.

signature/expired
    The certificate was not valid when the signature was made, as far as anybody vouches for that
    time. Without a timestamp the time is now.

signature/usage
    The certificate is not for signing data or code (a server's, for one).

signature/untrusted-chain
    The certificate claims the registered name and does not chain to the registered authority.

signature/timestamp
    A timestamp that no registered authority made, or not over this signature.

signature/log
    A transparency log entry that does not hold, or is about something else.

signature/stale-root
    A log that the bundle names is in no trusted root of the registry, and nothing else speaks
    against the signature: the roots are older than it. Fetch the instance's trusted_root.json anew
    into the file that trust.toml names; for the public-good one add `--refresh-roots`.

signature/compromised
    The signer or key was revoked, and nobody vouches that this was signed before. Never waived.

signature/before-valid-from
    Signed before the registry says that this signer speaks.

signature/invalid
    The signature does not verify: the bundle or its statement was changed.

signature/malformed
    A signature file that breaks its own format.

signature/unsupported
    A signature that uses an algorithm this version cannot compute, or a version of the
    specification that it does not know. Update provenance.

signature/lost
    The lockfile remembers a signature, and none holds now: it was stripped, or a release went out
    unsigned. Ask the publisher; if it is meant, `lock --accept` it by name. Unknown where one may
    hold and nobody states the digests of all files: `lock --measure` reads them.

signature/signer-changed
    Somebody else of the registry signs now than when the model was locked. Find out why, then
    `lock --accept` it by name.

signature/rollback
    The files are others than in the lockfile, and the signature is older than the one there, or
    nothing that was signed says that it is newer: an earlier release may have been put in its
    place. A certificate says when; a timestamp or a log's entry can be obtained for any signature,
    and be dropped. If you mean to take it, `lock --accept` it by name.

signature/other-bundle
    Beside the signature that passes lies one that proves nothing here. It changes nothing.

signature/pass
    Who signed which of the files, or that you exempted exactly these bytes.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from provenance.case.case import Case
from provenance.case.changes import signature_changes
from provenance.case.coverage import coverage
from provenance.case.publisher import PublisherSignature, publishers
from provenance.checks.signature.absent import nobody, unregistered
from provenance.errors import Malformed
from provenance.formats.names import is_weight_name
from provenance.policy import Demand
from provenance.policy.required import SPOKEN
from provenance.signature import (
    Attestation,
    Invalid,
    Party,
    UnknownSigner,
    VerificationResult,
    compromised,
    distrust,
    predicate_type_of,
)
from provenance.signature.result import UNKNOWN_KEY
from provenance.trust.entering import with_key
from provenance.verdict import Finding, failed, unknown
from provenance.wire import intoto, oms

# Slugs of unreadable bundles that have a rule of their own; the rest are malformed.
UNSUPPORTED = frozenset({"algorithm", intoto.UNSUPPORTED})
SIGNATURE = ".sig"
KNOWN = frozenset({"expired", "usage", "untrusted-chain", "timestamp", "log", "invalid"})


def check(case: Case) -> Iterator[Finding]:
    """Whether the publisher's signature covers every file a loader reads."""
    yield from signature_changes(case)
    verifications = [
        verification
        for verification in case.verifications
        if not (_says_something_else(verification) or _is_of_the_mirror(case, verification))
    ]
    if not verifications:
        yield nobody(case)
        return
    holding = [vouch for vouch in case.publisher_signatures if vouch.comparison.holds]
    doubts = [_doubt(case, verification) for verification in verifications]
    if not holding:
        yield from (doubt for doubt in doubts if doubt)
        return
    yield from coverage(case, holding)
    for doubt in doubts:
        if doubt:
            yield failed("signature/other-bundle", f"{doubt.rule}: {doubt.message}", doubt.where)


def _says_something_else(verification: VerificationResult) -> bool:
    """Whether it is a statement of another kind, in which nothing is broken: a summary, the result
    of tests, a bill of materials, a step of training. It means to sign no model, unless its file
    is called a signature; but for what a registered party found out."""
    kind = predicate_type_of(verification)
    if verification.bundle.endswith(SIGNATURE):
        return isinstance(verification, Attestation) and kind in SPOKEN
    return kind != "" and not kind.startswith(oms.KINDS)


def _is_of_the_mirror(case: Case, verification: VerificationResult) -> bool:
    """Whether who keeps the mirror signed it: that says nothing of whose the model is."""
    own, origin = case.evidence.ref.repo, case.origin.ref.repo
    return (
        own != origin
        and isinstance(verification, Attestation)
        and bool(publishers(own, verification))
        and not publishers(origin, verification)
    )


def _doubt(case: Case, verification: VerificationResult) -> Finding | None:
    """Why this bundle does not vouch for these files, or None if it does."""
    match verification:
        case Invalid():
            return _refused(case, verification)
        case UnknownSigner():
            who = f"signed by {verification.identity}"
            return _strange(case, verification.bundle, who, _learn(case))
        case Attestation():
            for vouch in case.publisher_signatures:
                if vouch.attestation is verification:
                    return _different(case, vouch)
            return _uncounted(case, verification)


def _refused(case: Case, refusal: Invalid) -> Finding:
    if refusal.foreign:
        is_key = refusal.slug == UNKNOWN_KEY
        step = _have_key(case) if is_key else _learn(case)
        return _strange(case, refusal.bundle, refusal.message, step)
    if refusal.slug in UNSUPPORTED:
        return unknown("signature/unsupported", refusal.message, refusal.bundle)
    if refusal.slug == "stale-root":
        return unknown("signature/stale-root", refusal.message, refusal.bundle)
    slug = refusal.slug if refusal.slug in KNOWN else "malformed"
    return failed(f"signature/{slug}", refusal.message, refusal.bundle)


def _strange(case: Case, bundle: str, what: str, step: str) -> Finding:
    """A good signature by nobody we know: the wrong one where we know who should have signed.

    `step` is what to do where it is who it should be.
    """
    repo = case.origin.ref.repo
    expected = case.registry.publishers(repo) if repo else ()
    if expected:
        names = ", ".join(f"{org.name} ({signer.name})" for org, signer in expected)
        message = f"{what}; expected {names}: fetch it from its publisher, or {step}"
        return failed("signature/wrong-signer", message, bundle)
    if case.policy.signature is Demand.ALWAYS:
        message = f"{what}; {unregistered(repo)}: {step}"
        return failed("signature/wrong-signer", message, bundle)
    message = f"{what}, which the registry does not know: {step}"
    return unknown("signature/unregistered-signer", message, bundle)


def _learn(case: Case) -> str:
    """What to type once somebody knows that the signer is who it should be."""
    repo, asked = case.origin.ref.repo, case.evidence.ref.text
    words = [asked] if repo and repo in asked else [asked, "--as", repo or "ORG/NAME"]
    line = " ".join(map(shlex.quote, words))
    return f"if you know this signer, `provenance registry learn {line}` proposes its entry"


def _have_key(case: Case) -> str:
    """What to type once somebody has the public key, which the bundle does not hold."""
    line = with_key(case.registry, case.origin.ref.repo)
    return f"if the key is theirs, have its public key from them in a file, then `{line}`"


def _uncounted(case: Case, attestation: Attestation) -> Finding:
    """A registered party's statement that is not this model's publisher's word."""
    where = attestation.bundle
    error = attestation.manifest
    if isinstance(error, Malformed):
        if error.slug in UNSUPPORTED:
            return unknown("signature/unsupported", str(error), where)
        return failed("signature/malformed", str(error), where)
    speaking = publishers(case.origin.ref.repo, attestation)
    for party in speaking:
        slug = distrust(case.registry, attestation, party, case.evidence.today)
        if slug:
            who = f"{party.org.name} ({party.signer.name})"
            return failed(f"signature/{slug}", f"{_reason(case, attestation, party)} {who}", where)
    party = attestation.parties[0]
    who = f"{party.org.name} ({party.signer.name})"
    repo = case.origin.ref.repo
    owner = case.registry.owner(repo) if repo else None
    if repo and owner not in [party.org for party in attestation.parties]:
        whose = f"{repo} is {owner.name}'s" if owner else f"no registered organisation owns {repo}"
        message = f"signed by {who}, and {whose}: the signature was copied"
        return failed("signature/wrong-namespace", message, where)
    return failed("signature/wrong-role", f"signed by {who}, which is not a publisher of it", where)


def _reason(case: Case, attestation: Attestation, party: Party) -> str:
    moments, now = attestation.moments, case.evidence.today
    if when := compromised(case.registry, attestation, party, now):
        stated = "stamped" if when != now else "no timestamp proves an earlier time than"
        return f"signed {stated} {when:%Y-%m-%d %H:%M} UTC, after the compromise of"
    latest = moments.signed.latest if moments.signed else now
    return f"signed {latest:%Y-%m-%d %H:%M} UTC at the latest, before the start of"


def _different(case: Case, vouch: PublisherSignature) -> Finding | None:
    """How the files differ from what was signed, or None if they do not."""
    comparison, where = vouch.comparison, vouch.attestation.bundle
    if comparison.holds:
        return None
    signer = vouch.parties[0].org.name
    if comparison.unread and not (comparison.different or comparison.absent):
        message = "some of the signed digests cannot be computed"
        return unknown("signature/unsupported", message, where)
    if _is_copied(case, vouch):
        return failed(
            "signature/copied",
            f"{signer} signed it, over other weights: it belongs to another model or release",
            where,
        )
    count = len(comparison.different) + len(comparison.absent)
    return failed(
        "signature/mismatch",
        f"the signature of {signer} covers {len(vouch.manifest.paths)} files; {count} "
        f"{'is' if count == 1 else 'are'} missing or changed",
        where,
    )


def _is_copied(case: Case, vouch: PublisherSignature) -> bool:
    """Whether nothing a loader reads is as signed, or several weight files and none of them."""
    signed, equal = vouch.manifest.paths, vouch.comparison.equal
    read = (case.files.read or signed) & signed
    weights = frozenset(path for path in read if is_weight_name(path))
    return not equal & read or (len(weights) > 1 and not equal & weights)
