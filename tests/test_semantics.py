"""What a registry means, exhaustively: roles, scopes, times, thresholds, and what wins.

Each expectation is written from the design's words, not from the code that it holds to account.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import chain, combinations, product
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from provenance.case.case import Case
from provenance.case.changes import signature_changes
from provenance.case.publisher import publisher_signatures
from provenance.checks import registry as registry_check
from provenance.checks.attestation import check as attestation_check
from provenance.checks.identity.age import age
from provenance.checks.signature.check import check as signature_check
from provenance.judgement import judge
from provenance.lock import Entry, LockedSigner
from provenance.model import Document, Evidence, Ref
from provenance.policy import Exemption, Model, Policy, Settings, Waiver
from provenance.policy.levels import PROFILES
from provenance.policy.required import TEST_RESULT, VSA, RequiredAttestation
from provenance.signature import Attestation, Moments, Party, Window, distrust
from provenance.source import directory
from provenance.trust import Registry, Role
from provenance.verdict import Level, Outcome, Result
from provenance.wire.intoto import STATEMENT_TYPE
from tests import forge

REPO = "acme/bot"
DAY = timedelta(days=1)
NOW = forge.NOW
ROLES = tuple(Role)
SCOPES = {"acme/*": True, "acme/bot": True, "acme/b*": True, "acme/other": False, "acme/bo": False}
"""Each pattern, and whether it means acme/bot."""


def subsets(items: Sequence[Role]) -> tuple[tuple[Role, ...], ...]:
    sizes = range(1, len(items) + 1)
    return tuple(chain.from_iterable(combinations(items, size) for size in sizes))


@cache
def model() -> Evidence:
    """A signed model of Acme, with a word of the same key in every role."""
    folder = forge.write(Path(mkdtemp()) / "bot")
    tuf_key = forge.TufKey(key=forge.key("release"))
    forge.sign(folder, tuf_key)
    forge.attest(folder, tuf_key, "pretrain", model=REPO)
    return directory.collect(folder, ref=Ref(text=REPO, repo=REPO), at=NOW)


def spoken(predicate: str, result: str, said: str = "PASSED") -> Document:
    """A statement by the same key with another predicate."""
    files = model().manifest.files
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": f.path, "digest": {"sha256": f.sha256}} for f in files],
        "predicateType": predicate,
        "predicate": {result: said},
    }
    made = forge.bundle_of(statement, forge.TufKey(key=forge.key("release")))
    return Document(path=f"{result}-{said}.sig", data=json.dumps(made).encode())


def trusting(*roles: str, **fields: Any) -> Registry:
    signer = forge.signer("release", roles, **fields)
    return Registry.from_table(forge.registry(forge.org("Acme", signer)), source="trust.toml")


def rules(found: Iterable[Any], outcome: Outcome = Outcome.PASS) -> set[str]:
    return {finding.rule for finding in found if finding.outcome is outcome}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("roles", subsets(ROLES), ids="+".join)
def test_each_role_is_judged_alone_and_inside_its_scope(
    roles: tuple[Role, ...], scope: str
) -> None:
    required = tuple(
        RequiredAttestation(predicate=predicate, role=role)
        for predicate, role in ((TEST_RESULT, Role.EVALUATOR), (VSA, Role.VERIFIER))
    )
    policy = replace(
        Policy.of(Settings(profile="attested"), Model(name=REPO, repo=REPO)), required=required
    )
    extra = (spoken(TEST_RESULT, "result"), spoken(VSA, "verificationResult"))
    evidence = replace(model(), bundles=(*model().bundles, *extra))
    case = Case.heard(evidence, policy, trusting(*roles, repos=[scope]))
    means = SCOPES[scope]
    published = "signature/pass" in rules(signature_check(case))
    passed = [f.message for f in attestation_check(case) if f.outcome is Outcome.PASS]
    spoke = not any("unattested" in problem.slug for problem in case.graph.problems)
    assert published is (Role.PUBLISHER in roles and means)
    assert len(passed) == (Role.EVALUATOR in roles and means) + (Role.VERIFIER in roles and means)
    assert spoke is (Role.TRAINER in roles and means)


STAMPS: tuple[tuple[datetime, ...], ...] = (
    (),
    (NOW - 30 * DAY,),
    (NOW - 10 * DAY,),
    (NOW - 30 * DAY, NOW - 10 * DAY),
)
SIGNED = {
    "no time of its own": Moments(),
    "says so": Moments(said=NOW - 20 * DAY),
    "a certificate of minutes": Moments(
        validity=Window(earliest=NOW - 20 * DAY, latest=NOW - 20 * DAY)
    ),
    "a certificate of years": Moments(
        validity=Window(earliest=NOW - 400 * DAY, latest=NOW + 300 * DAY)
    ),
}
START = {
    "no time of its own": NOW,
    "says so": NOW - 20 * DAY,
    "a certificate of minutes": NOW - 20 * DAY,
    "a certificate of years": NOW + 300 * DAY,
}
"""The latest `valid_from` that each satisfies: what has no time of its own was signed now."""
MOMENTS = (*(NOW - days * DAY for days in (40, 30, 20, 10, 5)), NOW + DAY)


@pytest.mark.parametrize("stamps", STAMPS, ids=len)
@pytest.mark.parametrize("signed", SIGNED)
def test_when_a_word_counts(signed: str, stamps: tuple[datetime, ...]) -> None:
    """The earliest stamp against compromise, what was signed against valid_from; none is now."""
    counted = 0
    for start, since in product((None, *MOMENTS), (None, *MOMENTS)):
        window: dict[str, Any] = {"valid_from": start} if start else {}
        table = forge.registry(forge.org("Acme", forge.signer("release", **window)))
        if since:
            table["revoked"] = [{"signer": "release", "reason": "x", "compromised_since": since}]
        registry = Registry.from_table(table, source="trust.toml")
        (org,) = registry.orgs
        dated = stamped(SIGNED[signed], stamps)
        attestation = replace(verification(registry), moments=dated)
        compromised = since is not None and (stamps[0] if stamps else NOW) >= since
        early = start is not None and start > START[signed]
        found = distrust(registry, attestation, Party(org=org, signer=org.signers[0]), NOW)
        assert found == ("compromised" if compromised else "before-valid-from" if early else "")
        counted += not found
    assert counted


def verification(registry: Registry) -> Attestation:
    heard = Case.heard(model(), Policy.of(Settings()), registry)
    return next(o for o in heard.verifications if isinstance(o, Attestation))


def stamped(moments: Moments, stamps: tuple[datetime, ...]) -> Moments:
    return replace(moments, not_later_than=stamps)


def fresh(moments: Sequence[Moments]) -> bool:
    """Whether a PASSED of these times is younger than 25 days, to the check of attestations."""
    return _evaluated(moments[:1], ["PASSED"], timedelta(days=25))


def passed_after_failed(moments: Sequence[Moments]) -> bool:
    return _evaluated(moments, ["PASSED", "FAILED"])


def _evaluated(
    moments: Sequence[Moments], results: Sequence[str], max_age: timedelta | None = None
) -> bool:
    required = RequiredAttestation(predicate=TEST_RESULT, role=Role.EVALUATOR, max_age=max_age)
    documents = [spoken(TEST_RESULT, "result", result) for result in results]
    evidence = replace(model(), bundles=tuple(documents))
    policy = replace(Policy.of(Settings()), required=(required,))
    case = dated(Case.heard(evidence, policy, trusting("evaluator", repos=["acme/*"])), moments)
    return not rules(attestation_check(case), Outcome.FAIL) and not rules(
        attestation_check(case), Outcome.UNKNOWN
    )


def dated(case: Case, moments: Sequence[Moments]) -> Case:
    """The case whose bundles, in their order, have these times."""
    verifications = tuple(
        replace(one, moments=when) if isinstance(one, Attestation) else one
        for one, when in zip(case.verifications, moments, strict=True)
    )
    return replace(
        case,
        verifications=verifications,
        publisher_signatures=publisher_signatures(case.evidence, case.registry, verifications),
    )


def signed_model(moments: Sequence[Moments], policy: Policy, locked: Entry | None = None) -> Case:
    bundles = tuple(b for b in model().bundles if b.path == "model.sig")
    case = Case.heard(replace(model(), bundles=bundles), policy, trusting("publisher"))
    return replace(dated(case, moments[:1]), locked=locked)


def old_enough(moments: Sequence[Moments]) -> bool:
    policy = replace(Policy.of(Settings(), Model(name=REPO, repo=REPO)), min_age=15)
    return not list(age(signed_model(moments, policy)))


def newer(moments: Sequence[Moments]) -> bool:
    """Whether a release is no rollback, where the lock has another that was signed before."""
    identity = verification(trusting("publisher")).identity
    signer = LockedSigner(kind="key", identity=identity, time=NOW - 25 * DAY)
    locked = Entry(name=REPO, repo=REPO, signers=(signer,), selected="sha256:" + "0" * 64)
    return not list(signature_changes(signed_model(moments, Policy.of(Settings()), locked)))


def in_time(moments: Sequence[Moments]) -> bool:
    """Whether it was signed since the signer speaks."""
    registry = trusting("publisher", valid_from=NOW - 22 * DAY)
    (org,) = registry.orgs
    party = Party(org=org, signer=org.signers[0])
    return not distrust(registry, replace(verification(registry), moments=moments[0]), party, NOW)


FRESHNESS_AND_ORDER = {
    "max_age": (fresh, {"says so", "a certificate of minutes"}),
    "min_age": (old_enough, {"says so", "a certificate of minutes"}),
    "rollback": (newer, {"says so", "a certificate of minutes"}),
    "valid_from": (in_time, set(SIGNED)),
}
"""What asks for a time, and the signatures that have one which satisfies it."""


@pytest.mark.parametrize("question", FRESHNESS_AND_ORDER)
@pytest.mark.parametrize("signed", SIGNED)
def test_no_stamp_added_or_dropped_makes_anything_fresh_or_newer(
    signed: str, question: str
) -> None:
    holds, satisfying = FRESHNESS_AND_ORDER[question]
    answers = {holds([stamped(SIGNED[signed], stamps)]) for stamps in STAMPS}
    assert answers == {signed in satisfying}


LATER = Moments(said=NOW - 5 * DAY)
EARLIER = Moments(said=NOW - 300 * DAY)


@pytest.mark.parametrize(
    ("passed", "failed", "holds"),
    [
        (LATER, EARLIER, True),
        (EARLIER, LATER, False),
        (LATER, LATER, False),
        (Moments(), EARLIER, False),
        (LATER, Moments(), False),
        (Moments(), Moments(), False),
        (SIGNED["a certificate of years"], EARLIER, False),
        (LATER, SIGNED["a certificate of years"], False),
        (LATER, SIGNED["a certificate of minutes"], True),
        (SIGNED["a certificate of minutes"], LATER, False),
    ],
)
def test_no_stamp_makes_a_pass_newer_than_a_failure(
    passed: Moments, failed: Moments, holds: bool
) -> None:
    pairs = product(STAMPS, STAMPS)
    answers = {passed_after_failed([stamped(passed, a), stamped(failed, b)]) for a, b in pairs}
    assert answers == {holds}


@pytest.mark.parametrize(
    ("signers", "signing", "threshold", "enough"),
    [
        (["a", "b"], ["a"], 1, True),
        (["a", "b"], ["a"], 2, False),
        (["a", "b"], ["a", "b"], 2, True),
        (["a", "b"], ["a", "a"], 2, False),
        (["a", "b", "c"], ["a", "c"], 2, True),
        (["a", "a"], ["a"], 2, False),
        (["a", "a"], ["a", "a"], 2, False),
        (["a", "a", "b"], ["a", "b"], 2, True),
        (["a", "a", "b"], ["a", "b"], 3, False),
        (["a", "b"], ["a", "mallory"], 2, False),
    ],
)
def test_a_threshold_counts_distinct_keys(
    tmp_path: Path, signers: list[str], signing: list[str], threshold: int, enough: bool
) -> None:
    folder = forge.write(tmp_path / "bot")
    for number, name in enumerate(signing):
        forge.sign(folder, forge.TufKey(key=forge.key(name)), f"{number}.sig")
    table = forge.org(
        "Acme",
        *({**forge.signer(f"{n}"), "key": forge.key(s).public.pem} for n, s in enumerate(signers)),
        threshold=threshold,
    )
    evidence = directory.collect(folder, ref=Ref(text=REPO, repo=REPO), at=NOW)
    policy = Policy.of(Settings(profile="signed"), Model(name=REPO, repo=REPO))
    registry = Registry.from_table(forge.registry(table), source="trust.toml")
    found = list(signature_check(Case.heard(evidence, policy, registry)))
    assert ("signature/pass" in rules(found)) is enough
    assert ("signature/threshold" in rules(found, Outcome.FAIL)) is not enough


def revoking() -> Mapping[str, dict[str, Any]]:
    return {
        "manifest": {"manifest": model().manifest.digest},
        "listing": {"manifest": model().listing.digest},
        "repo": {"repo": REPO},
        "commit": {"commit": "c" * 40},
    }


@pytest.mark.parametrize("kind", ["manifest", "listing", "repo", "commit"])
@pytest.mark.parametrize("profile", [profile.name for profile in PROFILES])
def test_revocation_wins_over_everything_that_a_caller_may_say(profile: str, kind: str) -> None:
    """Exempted, waived under every rule, every check off that may be, lenient: it fails."""
    digest = model().manifest.digest
    until = NOW + 365 * DAY
    aside: dict[str, Any] = {"reason": "x", "expires": until}
    found = judge(
        replace(model(), ref=replace(model().ref, commit="c" * 40)),
        replace(
            Policy.of(Settings(profile=profile), Model(name=REPO, repo=REPO)),
            levels=tuple((check, Level.WARN) for check in ("format", "code", "ancestry")),
            exemptions=(Exemption(repo=REPO, manifest=digest, **aside),),
            waivers=tuple(
                Waiver(rule="registry/revoked", repo=REPO, subject=subject, manifest=None, **aside)
                for subject in ("", "other")
            ),
            lenient_expiry=True,
        ),
        Registry.from_table(
            forge.registry(
                forge.org("Acme", forge.signer("release"), originates=True),
                revoked=[{**revoking()[kind], "reason": "backdoor"}],
            ),
            source="trust.toml",
        ),
    )
    assert found.result is Result.FAIL
    assert found.reason.startswith("registry/revoked")


def test_revocation_is_what_is_said_first() -> None:
    table = forge.registry(forge.org("Acme"), revoked=[{"repo": REPO, "reason": "x"}])
    case = Case.heard(
        model(), Policy.of(Settings()), Registry.from_table(table, source="trust.toml")
    )
    assert rules(registry_check.check(case), Outcome.FAIL) == {"registry/revoked"}
