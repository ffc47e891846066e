"""Required attestations: whose word counts, over which files, how old, and against what."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from provenance.checks.attestation import check
from provenance.checks.signature.check import check as signature_check
from provenance.judgement import judge
from provenance.model import Document, Ref
from provenance.policy import Policy, Settings
from provenance.policy.required import VSA, RequiredAttestation
from provenance.source import directory
from provenance.trust import Registry
from tests import forge
from tests.checks.said import (
    ABSENT,
    FAIL,
    RECENT,
    SIBLING,
    TESTED,
    TOKENIZER,
    VERIFIED,
    WEIGHTS,
    Said,
    case,
    registry,
)

READ = ("config.json", TOKENIZER, WEIGHTS)
DATES = replace(TESTED, suite="dates")
DIGEST = f"sha256:{'a' * 64}"
DIGESTED = Said(configuration=[{"name": "x", "digest": {"sha256": "A" * 64}}])
UNREADABLE = Said(configuration=7)
MISSPELT = ("FAIL", "failed", "Failed", "FAILED ", "GREAT", "", None, 1, ["FAILED"], ABSENT)
CASES: dict[str, tuple[Sequence[Said], RequiredAttestation, Mapping[str, str]]] = {
    "an evaluator lets it pass": ([Said()], TESTED, {"pass": "pass"}),
    "a verifier lets it pass": ([Said(who="gate", predicate=VSA)], VERIFIED, {"pass": "pass"}),
    "over the manifest as a whole": ([Said(whole="manifest")], TESTED, {"pass": "pass"}),
    "over a digest that leaves the names open": ([Said(whole="oms")], TESTED, {"missing": "fail"}),
    "nobody said anything": ([], TESTED, {"missing": "fail"}),
    "by a stranger": ([Said(who="mallory")], TESTED, {"missing": "fail"}),
    "by the publisher": ([Said(who="release")], TESTED, {"missing": "fail"}),
    "by an evaluator of others": ([Said(who="elsewhere")], TESTED, {"missing": "fail"}),
    "a verifier's test result": ([Said(who="gate")], TESTED, {"missing": "fail"}),
    "an evaluator's summary": ([Said(predicate=VSA)], VERIFIED, {"missing": "fail"}),
    "of another model": ([Said(others=[*READ, "README.md"])], TESTED, {"missing": "fail"}),
    "weights alone left out": ([Said(without=[WEIGHTS])], TESTED, {"uncovered-file": "fail"}),
    "under other names": ([Said(renamed=True)], TESTED, {"uncovered-file": "fail"}),
    "it fails": ([FAIL], TESTED, {"failed": "fail"}),
    "it fails, weights alone": ([replace(FAIL, only=[WEIGHTS])], TESTED, {"failed": "fail"}),
    "it fails, under other names": ([replace(FAIL, renamed=True)], TESTED, {"failed": "fail"}),
    "it fails, weights under another name": (
        [replace(FAIL, renamed=True, only=[WEIGHTS])],
        TESTED,
        {"failed": "fail"},
    ),
    "it fails as a whole": ([replace(FAIL, whole="manifest")], TESTED, {"failed": "fail"}),
    "it fails by the root digest": ([replace(FAIL, whole="oms")], TESTED, {"failed": "fail"}),
    "it fails by the signature's": ([replace(FAIL, whole="signature")], TESTED, {"failed": "fail"}),
    "it fails, beside a subject without a name": (
        [Said(days=9), replace(FAIL, more=[{"digest": {"sha256": "1" * 64}}])],
        TESTED,
        {"failed": "fail"},
    ),
    "it fails, beside a subject with another digest": (
        [Said(days=9), replace(FAIL, more=[{"name": "m", "digest": {"gitTree": "1" * 40}}])],
        TESTED,
        {"failed": "fail"},
    ),
    "it fails, but for the weights": (
        [replace(FAIL, without=[WEIGHTS])],
        TESTED,
        {"shared-file": "fail", "missing": "fail"},
    ),
    "a sibling with the same tokenizer fails": (
        [Said(days=9), SIBLING],
        TESTED,
        {"shared-file": "fail", "pass": "pass"},
    ),
    "a sibling passes, and this one failed before": (
        [replace(FAIL, days=9), replace(SIBLING, result="PASSED")],
        TESTED,
        {"failed": "fail"},
    ),
    "a sibling passes, and so did this one": (
        [Said(days=9), replace(SIBLING, result="PASSED")],
        TESTED,
        {"pass": "pass"},
    ),
    "it passes without the weights that failed": (
        [replace(FAIL, days=9), Said(without=[WEIGHTS])],
        TESTED,
        {"failed": "fail"},
    ),
    "warned": ([Said(result="WARNED")], TESTED, {"warned": "fail", "pass": "pass"}),
    "warned after it failed": (
        [replace(FAIL, days=9), Said(result="WARNED")],
        TESTED,
        {"failed": "fail"},
    ),
    "a misspelt result of another model": (
        [Said(), replace(SIBLING, result="FAIL", who="blue")],
        TESTED,
        {"pass": "pass"},
    ),
    "good again after a misspelt one": (
        [Said(result="FAIL", days=9), Said()],
        TESTED,
        {"pass": "pass"},
    ),
    "recent enough": ([Said(days=30)], RECENT, {"pass": "pass"}),
    "too old": ([Said(days=31)], RECENT, {"stale": "fail"}),
    "nobody knows how old": ([Said(days=None)], RECENT, {"undated": "unknown"}),
    "nobody knows how old, and a stranger saw it yesterday": (
        [Said(days=None, stamps=[1])],
        RECENT,
        {"undated": "unknown"},
    ),
    "old, and seen yesterday": ([Said(days=300, stamps=[1])], RECENT, {"stale": "fail"}),
    "of a day to come": ([Said(days=-2)], RECENT, {"undated": "unknown"}),
    "a summary says when it was": (
        [Said(who="gate", predicate=VSA, days=30)],
        replace(VERIFIED, max_age=RECENT.max_age),
        {"pass": "pass"},
    ),
    "a summary of long ago": (
        [Said(who="gate", predicate=VSA, days=31, stamps=[1])],
        replace(VERIFIED, max_age=RECENT.max_age),
        {"stale": "fail"},
    ),
    "undated, where age does not matter": ([Said(days=None)], TESTED, {"pass": "pass"}),
    "one of two is recent": ([Said(days=90), Said(who="blue", days=2)], RECENT, {"pass": "pass"}),
    "the newest of one counts: passed": ([replace(FAIL, days=9), Said()], TESTED, {"pass": "pass"}),
    "the newest of one counts: failed": ([FAIL, Said(days=9)], TESTED, {"failed": "fail"}),
    "at the same time": ([FAIL, Said()], TESTED, {"failed": "fail"}),
    "an undated FAILED beside a dated PASSED": (
        [replace(FAIL, days=None), Said(days=1)],
        TESTED,
        {"failed": "fail"},
    ),
    "a dated FAILED beside an undated PASSED": (
        [replace(FAIL, days=9), Said(days=None)],
        TESTED,
        {"failed": "fail"},
    ),
    "a PASSED that a stranger stamped after the FAILED": (
        [replace(FAIL, days=9), Said(days=300, stamps=[1])],
        TESTED,
        {"failed": "fail"},
    ),
    "a PASSED of a day to come": (
        [replace(FAIL, days=9), Said(days=-300)],
        TESTED,
        {"failed": "fail"},
    ),
    "an old FAILED still counts": ([replace(FAIL, days=900)], RECENT, {"failed": "fail"}),
    "by the suite that is asked for": ([Said(suites=["x", "dates"])], DATES, {"pass": "pass"}),
    "by the suite, newer than another's": (
        [Said(suites=["dates"], days=9), Said(suites=["x"])],
        DATES,
        {"pass": "pass"},
    ),
    "by another suite": ([Said(suites=["date"])], DATES, {"other-suite": "fail"}),
    "by no suite": ([Said()], DATES, {"other-suite": "fail"}),
    "by a suite that nobody can read": ([UNREADABLE], DATES, {"other-suite": "fail"}),
    "by whatever suite": ([UNREADABLE], TESTED, {"pass": "pass"}),
    "by the suite's digest": ([DIGESTED], replace(TESTED, suite=DIGEST), {"pass": "pass"}),
    "by another digest": (
        [DIGESTED],
        replace(TESTED, suite=DIGEST.replace("a", "b")),
        {"other-suite": "fail"},
    ),
    "by a suite that is called as the digest": (
        [DIGESTED],
        replace(TESTED, suite="a" * 64),
        {"other-suite": "fail"},
    ),
    "the suite, but of another model": (
        [Said(suites=["dates"], others=[*READ, "README.md"])],
        DATES,
        {"missing": "fail"},
    ),
    "too old by the suite, recent by another": (
        [Said(suites=["dates"], days=31), Said(suites=["x"])],
        replace(RECENT, suite="dates"),
        {"stale": "fail"},
    ),
    "it fails by another suite": (
        [Said(suites=["dates"]), replace(FAIL, suites=["x"], who="blue")],
        DATES,
        {"pass": "pass", "failed": "fail"},
    ),
    "it fails by a suite that nobody can read": (
        [Said(suites=["dates"], days=9), replace(FAIL, configuration=7)],
        DATES,
        {"failed": "fail"},
    ),
    "it fails by one suite, and passes by another later": (
        [replace(FAIL, suites=["x"], days=9), Said(suites=["dates"])],
        DATES,
        {"failed": "fail"},
    ),
    "it fails by one suite, and passes by none later": (
        [replace(FAIL, suites=["x"], days=9), Said()],
        TESTED,
        {"failed": "fail"},
    ),
    "it fails by one suite, and passes by both later": (
        [replace(FAIL, suites=["x"], days=9), Said(suites=["dates", "x"])],
        DATES,
        {"pass": "pass"},
    ),
    "one passes and another fails": (
        [Said(), replace(FAIL, who="blue")],
        TESTED,
        {"pass": "pass", "failed": "fail"},
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


def test_two_suites_are_asked_for_one_by_one(tmp_path: Path) -> None:
    asked = [DATES, replace(TESTED, suite="x")]
    found = list(check(case(tmp_path / "m", [Said(suites=["dates"])], asked)))
    assert [finding.rule for finding in found] == ["attestation/pass", "attestation/other-suite"]
    failing = [Said(suites=["dates"]), replace(FAIL, who="blue")]
    found = list(check(case(tmp_path / "n", failing, asked)))
    assert [finding.rule for finding in found].count("attestation/failed") == 1


def test_a_pass_says_by_which_suite_and_how_many(tmp_path: Path) -> None:
    counted = {"digest": {"sha256": "b" * 64}, "annotations": {"passed": 2000, "failed": 0}}
    said = Said(days=None, configuration=[{"name": "dates"}, counted])
    (found,) = check(case(tmp_path / "m", [said], [DATES]))
    expected = "Audit/red says PASSED, by dates: 2000 passed, 0 warned, 0 failed"
    assert found.message == expected


def test_a_result_by_another_suite_says_what_was_found_and_expected(tmp_path: Path) -> None:
    (found,) = check(case(tmp_path / "m", [Said(suites=["x"], days=None)], [DATES]))
    assert found.message == "Audit/red says PASSED by x; expected dates"


def test_where_the_registry_has_nobody_it_is_unknown(tmp_path: Path) -> None:
    trust = Registry.from_table(forge.registry(forge.org("Acme")), source="trust.toml")
    (found,) = check(case(tmp_path / "m", [Said()], [TESTED], trust))
    assert (found.rule, found.outcome) == ("attestation/nobody", "unknown")
    assert "repos =" not in found.message
    audit = forge.org("Audit", forge.signer("red", ["evaluator"]))
    trust = Registry.from_table(forge.registry(audit), source="trust.toml")
    (found,) = check(case(tmp_path / "m", [Said()], [TESTED], trust))
    assert 'Audit/red is one of audit/*; `repos = ["acme/bot"]` in its entry' in found.message


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


@pytest.mark.parametrize("result", MISSPELT, ids=repr)
@pytest.mark.parametrize("who", ["red", "blue"])
def test_a_result_that_nobody_can_read_is_not_absent(
    tmp_path: Path, result: object, who: str
) -> None:
    found = list(check(case(tmp_path / "m", [Said(days=9), Said(result=result, who=who)])))
    assert "attestation/malformed" in {f.rule for f in found if f.outcome == "fail"}


WORDS = (
    Said(),
    FAIL,
    Said(who="gate", predicate=VSA),
    Said(who="release", predicate=VSA),
    Said(who="somebody else's gate", predicate=VSA),
)


@pytest.mark.parametrize("said", WORDS)
def test_a_word_about_a_model_is_no_bad_signature_of_it(tmp_path: Path, said: Said) -> None:
    seen = case(tmp_path / "m", [said])
    assert {finding.rule for finding in signature_check(seen)} == {"signature/pass"}
    alone = replace(seen, verifications=seen.verifications[1:], publisher_signatures=())
    assert {finding.rule for finding in signature_check(alone)} == {"signature/missing"}


@pytest.mark.parametrize(("days", "outcome"), [(89, "pass"), (91, "fail")])
def test_a_summary_that_this_tool_signed_is_recent_for_as_long_as_asked(
    corpus: Path, days: int, outcome: str
) -> None:
    """The corpus has one of 2026-11-26, and a policy of 90 days."""
    report = corpus / "reports" / "signing-and-ci" / "vsa-consumers"
    read = Settings.from_table(
        tomllib.loads((report / "provenance.toml").read_text()), source="provenance.toml"
    )
    (line,) = (report / "attestations/acme/m/gate.intoto.jsonl").read_bytes().splitlines()
    at = datetime(2026, 11, 26, 3, 53, 14, tzinfo=UTC) + timedelta(days=days)
    evidence = directory.collect(report / "model", ref=Ref(text="acme/m", repo="acme/m"), at=at)
    given = replace(evidence, bundles=(*evidence.bundles, Document(path="gate", data=line)))
    trust = tomllib.loads((report / "trust.toml").read_text())
    verdict = judge(
        given, Policy.of(read, read.models[0]), Registry.from_table(trust, source="trust.toml")
    )
    assert verdict.result == outcome
    assert not any(
        finding.check == "signature" and finding.outcome == "fail" for finding in verdict.findings
    )
