"""Required attestations: whose word counts, over which files, how old, and that FAILED stays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance.checks.attestation import check
from provenance.checks.case import Case
from provenance.checks.words import failures
from provenance.intoto import STATEMENT_TYPE
from provenance.lock import Lock, dumps, loads
from provenance.model import Document, Ref
from provenance.policy import Policy, Settings
from provenance.policy.required import TEST_RESULT, VSA, RequiredAttestation
from provenance.signature import Attestation
from provenance.source import directory
from provenance.trust import Registry, Role
from tests import forge

REPO = "acme/bot"
TESTED = RequiredAttestation(predicate=TEST_RESULT, role=Role.EVALUATOR)
RECENT = replace(TESTED, max_age=timedelta(days=30))
VERIFIED = RequiredAttestation(predicate=VSA, role=Role.VERIFIER)
RESULTS = {TEST_RESULT: "result", VSA: "verificationResult"}


@dataclass(frozen=True, kw_only=True)
class Said:
    """A statement by the key `who`; `days` ago, if anybody vouches for a time."""

    who: str = "red"
    result: object = "PASSED"
    days: int | None = 1
    predicate: str = TEST_RESULT
    without: Sequence[str] = ()
    other: bool = False
    whole: bool = False
    as_manifest: bool = False


def registry(**revoked: Any) -> Registry:
    audit = forge.org(
        "Audit",
        forge.signer("red", ["evaluator"], repos=["acme/*"]),
        forge.signer("blue", ["evaluator"], repos=["acme/*"]),
        forge.signer("elsewhere", ["evaluator"], repos=["other/*"]),
        forge.signer("gate", ["verifier"], repos=["acme/*"]),
    )
    acme = forge.org("Acme", forge.signer("release", ["publisher", "trainer"]))
    return Registry.from_table(forge.registry(audit, acme, **revoked), source="trust.toml")


def case(
    folder: Path,
    said: Sequence[Said],
    required: Iterable[RequiredAttestation] = (TESTED,),
    trust: Registry | None = None,
) -> Case:
    evidence = directory.collect(forge.write(folder), ref=Ref(text=REPO, repo=REPO), at=forge.NOW)
    files = {file.path: file.sha256 for file in evidence.manifest.files}
    documents, times = [], {}
    for number, one in enumerate(said):
        subjects = {
            path: "0" * 64 if one.other else digest
            for path, digest in files.items()
            if path not in one.without
        }
        if one.as_manifest:
            subjects = {REPO: evidence.manifest.digest.removeprefix("sha256:")}
        statement = {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": n, "digest": {"sha256": d}} for n, d in subjects.items()],
            "predicateType": one.predicate,
            "predicate": {RESULTS.get(one.predicate, "result"): one.result},
        }
        made = forge.bundle_of(statement, forge.Hand(key=forge.key(one.who)))
        documents.append(Document(path=f"{number}.sig", data=json.dumps(made).encode()))
        times[f"{number}.sig"] = one.days
    policy = replace(Policy.of(Settings()), required=tuple(required))
    heard = Case.heard(replace(evidence, bundles=tuple(documents)), policy, trust or registry())
    dated = tuple(
        replace(opinion, times=(forge.NOW - timedelta(days=days),))
        if isinstance(opinion, Attestation) and (days := times[opinion.bundle]) is not None
        else opinion
        for opinion in heard.opinions
    )
    return replace(heard, opinions=dated)


WEIGHTS = "model.safetensors"
UNREADABLE = {"malformed": "fail", "missing": "fail"}
CASES: dict[str, tuple[Sequence[Said], RequiredAttestation, Mapping[str, str]]] = {
    "an evaluator lets it pass": ([Said()], TESTED, {"pass": "pass"}),
    "a verifier lets it pass": ([Said(who="gate", predicate=VSA)], VERIFIED, {"pass": "pass"}),
    "over the manifest as a whole": ([Said(as_manifest=True)], TESTED, {"pass": "pass"}),
    "nobody said anything": ([], TESTED, {"missing": "fail"}),
    "by a stranger": ([Said(who="mallory")], TESTED, {"missing": "fail"}),
    "by the publisher": ([Said(who="release")], TESTED, {"missing": "fail"}),
    "by an evaluator of others": ([Said(who="elsewhere")], TESTED, {"missing": "fail"}),
    "a verifier's test result": ([Said(who="gate")], TESTED, {"missing": "fail"}),
    "an evaluator's summary": ([Said(predicate=VSA)], VERIFIED, {"missing": "fail"}),
    "of another model": ([Said(other=True)], TESTED, {"missing": "fail"}),
    "weights alone left out": ([Said(without=[WEIGHTS])], TESTED, {"uncovered-file": "fail"}),
    "it fails": ([Said(result="FAILED")], TESTED, {"failed": "fail"}),
    "it fails, of some files": (
        [Said(result="FAILED", without=[WEIGHTS])],
        TESTED,
        {"failed": "fail"},
    ),
    "warned": ([Said(result="WARNED")], TESTED, {"warned": "fail", "pass": "pass"}),
    "no result": ([Said(result="GREAT")], TESTED, {"malformed": "fail", "missing": "fail"}),
    "a result of another type": (
        [Said(result=1)],
        TESTED,
        {"malformed": "fail", "missing": "fail"},
    ),
    "recent enough": ([Said(days=30)], RECENT, {"pass": "pass"}),
    "too old": ([Said(days=31)], RECENT, {"stale": "fail"}),
    "nobody knows how old": ([Said(days=None)], RECENT, {"undated": "unknown"}),
    "undated, where age does not matter": ([Said(days=None)], TESTED, {"pass": "pass"}),
    "one of two is recent": ([Said(days=90), Said(who="blue", days=2)], RECENT, {"pass": "pass"}),
    "the newest of one counts: passed": (
        [Said(result="FAILED", days=9), Said(days=2)],
        TESTED,
        {"pass": "pass"},
    ),
    "the newest of one counts: failed": (
        [Said(result="FAILED", days=2), Said(days=9)],
        TESTED,
        {"failed": "fail"},
    ),
    "at the same time": ([Said(result="FAILED"), Said()], TESTED, {"failed": "fail"}),
    "an undated FAILED beside a dated PASSED": (
        [Said(result="FAILED", days=None), Said(days=1)],
        TESTED,
        {"failed": "fail"},
    ),
    "a dated FAILED beside an undated PASSED": (
        [Said(result="FAILED", days=9), Said(days=None)],
        TESTED,
        {"failed": "fail"},
    ),
    "an old FAILED still counts": ([Said(result="FAILED", days=900)], RECENT, {"failed": "fail"}),
    "one passes and another fails": (
        [Said(), Said(who="blue", result="FAILED")],
        TESTED,
        {"pass": "pass", "failed": "fail"},
    ),
    "a bad one beside a good one": (
        [Said(), Said(who="blue", result="?")],
        TESTED,
        {"pass": "pass"},
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_is_found(tmp_path: Path, what: str) -> None:
    said, required, expected = CASES[what]
    found = check(case(tmp_path / "m", said, [required]))
    assert {f.rule.partition("/")[2]: f.outcome for f in found} == expected


def test_every_statement_that_is_required_is_asked_for(tmp_path: Path) -> None:
    found = list(check(case(tmp_path / "m", [Said()], [TESTED, VERIFIED])))
    assert [finding.rule for finding in found] == ["attestation/pass", "attestation/missing"]


def test_where_the_registry_has_nobody_it_is_unknown(tmp_path: Path) -> None:
    trust = Registry.from_table(forge.registry(forge.org("Acme")), source="trust.toml")
    (found,) = check(case(tmp_path / "m", [Said()], [TESTED], trust))
    assert (found.rule, found.outcome) == ("attestation/nobody", "unknown")


def test_a_check_without_a_requirement_is_unknown(tmp_path: Path) -> None:
    (found,) = check(case(tmp_path / "m", [Said()], []))
    assert (found.rule, found.outcome) == ("attestation/not-asked", "unknown")


@pytest.mark.parametrize(
    ("since", "rules"), [("2020-01-01", {"missing"}), ("2099-01-01", {"pass"})]
)
def test_a_revoked_evaluator_says_nothing(tmp_path: Path, since: str, rules: set[str]) -> None:
    revoked = [{"signer": "red", "reason": "x", "compromised_since": date.fromisoformat(since)}]
    found = check(case(tmp_path / "m", [Said()], trust=registry(revoked=revoked)))
    assert {finding.rule.partition("/")[2] for finding in found} == rules


def locked(seen: Case) -> Lock:
    """What a lockfile remembers of this, once it was written and read."""
    return loads(dumps(Lock(failures=tuple(failures(seen)))), source="provenance.lock")


@pytest.mark.parametrize(
    ("before", "now", "rules"),
    [
        (Said(result="FAILED", days=9), [], {"missing", "withheld"}),
        (Said(result="FAILED", days=9), [Said(days=20)], {"pass", "withheld"}),
        (Said(result="FAILED", days=9), [Said(who="blue", days=1)], {"pass", "withheld"}),
        (Said(result="FAILED", days=9), [Said(days=1)], {"pass"}),
        (Said(result="FAILED", days=9), [Said(result="FAILED", days=9)], {"failed"}),
        (Said(result="FAILED", days=None), [Said(days=1)], {"pass", "withheld"}),
        (Said(days=9), [], {"missing"}),
    ],
)
def test_what_failed_once_is_not_forgotten(
    tmp_path: Path, before: Said, now: Sequence[Said], rules: set[str]
) -> None:
    lock = locked(case(tmp_path / "before", [before]))
    found = check(replace(case(tmp_path / "now", now), lock=lock))
    assert {finding.rule.partition("/")[2] for finding in found} == rules


def test_a_failure_of_other_bytes_is_no_matter(tmp_path: Path) -> None:
    lock = locked(case(tmp_path / "before", [Said(result="FAILED")]))
    other = replace(lock.failures[0], manifest=f"sha256:{'0' * 64}")
    found = check(replace(case(tmp_path / "now", [Said()]), lock=Lock(failures=(other,))))
    assert [finding.rule for finding in found] == ["attestation/pass"]
