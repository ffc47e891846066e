"""Required attestations: whose word counts, over which files, how old, and that FAILED stays."""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance import oms
from provenance.checks.attestation import check
from provenance.checks.case import Case
from provenance.checks.signature import check as signature_check
from provenance.checks.words import failures
from provenance.intoto import STATEMENT_TYPE
from provenance.judgement import judge
from provenance.lock import Lock, dumps, loads
from provenance.model import Document, Evidence, Ref
from provenance.policy import Policy, Settings
from provenance.policy.required import TEST_RESULT, VSA, RequiredAttestation
from provenance.signature import Attestation, Opinion
from provenance.source import directory
from provenance.trust import Registry, Role
from tests import forge

REPO = "acme/bot"
TESTED = RequiredAttestation(predicate=TEST_RESULT, role=Role.EVALUATOR)
RECENT = replace(TESTED, max_age=timedelta(days=30))
VERIFIED = RequiredAttestation(predicate=VSA, role=Role.VERIFIER)
RESULTS = {TEST_RESULT: "result", VSA: "verificationResult"}
TIMES = {TEST_RESULT: "timeCreated", VSA: "timeVerified"}
ABSENT = "no such field"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A statement by the key `who`, which says that it is of `days` ago, if it says so.

    Its subjects are the files, but for those `without`, or `only` some, under other names where
    `renamed`, with the whole by one digest where `whole` names it. `others` are the files of
    another model, under the names of this one. `stamps` are days at which somebody saw it. `more`
    are subjects beside these.
    """

    who: str = "red"
    result: object = "PASSED"
    days: int | None = 1
    predicate: str = TEST_RESULT
    without: Sequence[str] = ()
    only: Sequence[str] = ()
    others: Sequence[str] = ()
    renamed: bool = False
    whole: str = ""
    stamps: Sequence[int] = ()
    more: Sequence[Mapping[str, Any]] = ()


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
    *,
    files: Mapping[str, bytes] = forge.MODEL,
    repo: str = REPO,
    exclude: Sequence[str] = (),
) -> Case:
    forge.sign(forge.write(folder, files), forge.Hand(key=forge.key("release")))
    evidence = directory.collect(
        folder, ref=Ref(text=repo, repo=repo), at=forge.NOW, exclude=tuple(exclude)
    )
    (signature,) = evidence.bundles
    documents, times = [signature], {}
    for number, one in enumerate(said):
        made = forge.bundle_of(statement(one, evidence), forge.Hand(key=forge.key(one.who)))
        documents.append(Document(path=f"{number}.sig", data=json.dumps(made).encode()))
        times[f"{number}.sig"] = tuple(forge.NOW - timedelta(days=days) for days in one.stamps)
    policy = replace(Policy.of(Settings()), required=tuple(required))
    heard = Case.heard(replace(evidence, bundles=tuple(documents)), policy, trust or registry())
    return replace(heard, opinions=tuple(stamped(one, times) for one in heard.opinions))


def stamped(opinion: Opinion, times: Mapping[str, tuple[datetime, ...]]) -> Opinion:
    seen = times.get(opinion.bundle)
    if not seen or not isinstance(opinion, Attestation):
        return opinion
    return replace(opinion, moments=replace(opinion.moments, not_later_than=seen))


def statement(one: Said, evidence: Evidence) -> dict[str, Any]:
    files = {file.path: file.sha256 for file in evidence.manifest.files}
    subjects = [
        (f"old/{path}" if one.renamed else path, "0" * 64 if path in one.others else digest)
        for path, digest in files.items()
        if path not in one.without and path in (one.only or files)
    ]
    if one.whole:
        wholes = {
            "manifest": evidence.manifest.digest.removeprefix("sha256:"),
            "oms": oms.root_digest(evidence.manifest.files),
            "signature": forge.root(_payload(evidence.bundles[0])),
        }
        subjects = [("x", wholes[one.whole])]
    predicate = {RESULTS.get(one.predicate, "result"): one.result}
    if one.days is not None:
        when = forge.NOW - timedelta(days=one.days)
        predicate |= {TIMES[one.predicate]: when.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            *({"name": name, "digest": {"sha256": digest}} for name, digest in subjects),
            *one.more,
        ],
        "predicateType": one.predicate,
        "predicate": {name: value for name, value in predicate.items() if value != ABSENT},
    }


def _payload(document: Document) -> dict[str, Any]:
    payload = json.loads(document.data)["dsseEnvelope"]["payload"]
    made: dict[str, Any] = json.loads(base64.b64decode(payload))
    return made


WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
READ = ("config.json", TOKENIZER, WEIGHTS)
FAIL = Said(result="FAILED")
SIBLING = replace(FAIL, others=("config.json", WEIGHTS))
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


@pytest.mark.parametrize("result", MISSPELT, ids=repr)
@pytest.mark.parametrize("who", ["red", "blue"])
def test_a_result_that_nobody_can_read_is_not_absent(
    tmp_path: Path, result: object, who: str
) -> None:
    found = list(check(case(tmp_path / "m", [Said(days=9), Said(result=result, who=who)])))
    assert "attestation/malformed" in {f.rule for f in found if f.outcome == "fail"}


def locked(seen: Case) -> Lock:
    """What a lockfile remembers of this, once it was written and read."""
    lock = Lock(failures=tuple(failures(seen)))
    assert loads(dumps(lock), source="provenance.lock") == lock
    return lock


PAST = replace(FAIL, days=9)


@pytest.mark.parametrize(
    ("before", "now", "rules"),
    [
        (PAST, [], {"missing", "withheld"}),
        (PAST, [Said(days=20)], {"pass", "withheld"}),
        (PAST, [Said(days=20, stamps=[1])], {"pass", "withheld"}),
        (PAST, [Said(who="blue", days=1)], {"pass", "withheld"}),
        (PAST, [Said(days=1)], {"pass"}),
        (PAST, [Said(days=1, without=[WEIGHTS])], {"uncovered-file", "withheld"}),
        (PAST, [replace(SIBLING, result="PASSED")], {"uncovered-file", "withheld"}),
        (PAST, [Said(days=1, result="WARNED")], {"pass", "warned", "withheld"}),
        (PAST, [PAST], {"failed"}),
        (replace(PAST, days=None), [Said(days=1)], {"pass", "withheld"}),
        (replace(PAST, only=[WEIGHTS]), [Said(days=20)], {"pass", "withheld"}),
        (replace(PAST, renamed=True), [Said(days=20)], {"pass", "withheld"}),
        (replace(PAST, whole="oms"), [Said(days=20)], {"pass", "withheld"}),
        (Said(days=9), [], {"missing"}),
        (replace(PAST, without=[WEIGHTS]), [Said(days=20)], {"pass"}),
    ],
)
def test_what_failed_once_is_not_forgotten(
    tmp_path: Path, before: Said, now: Sequence[Said], rules: set[str]
) -> None:
    lock = locked(case(tmp_path / "before", [before]))
    found = check(replace(case(tmp_path / "now", now), lock=lock))
    assert {finding.rule.partition("/")[2] for finding in found} == rules


CHANGED: Mapping[str, dict[str, Any]] = {
    "a byte of the README": {"files": {**forge.MODEL, "README.md": b"# A Model\n"}},
    "a byte of the configuration": {"files": {**forge.MODEL, "config.json": b'{"x": 1}'}},
    "one file more": {"files": {**forge.MODEL, "NOTICE": b"x"}},
    "weights under another name": {
        "files": {**forge.MODEL, WEIGHTS: forge.safetensors(b"y"), "a.gguf": forge.MODEL[WEIGHTS]}
    },
    "a file left out": {"exclude": ["README.md"]},
    "the weights left out": {"exclude": [WEIGHTS]},
    "another repository": {"repo": "acme/copy"},
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_failure_goes_by_the_weights(tmp_path: Path, what: str) -> None:
    lock = locked(case(tmp_path / "before", [PAST]))
    now = case(tmp_path / "now", [Said(days=20)], **CHANGED[what])
    found = {finding.rule for finding in check(replace(now, lock=lock))}
    assert "attestation/withheld" in found


def renamed(organisation: str, name: str, key: str) -> Registry:
    signer = {**forge.signer(key, ["evaluator"], repos=["acme/*"]), "name": name}
    orgs = (forge.org(organisation, signer), forge.org("Acme", forge.signer("release")))
    return Registry.from_table(forge.registry(*orgs), source="trust.toml")


@pytest.mark.parametrize(
    ("key", "days", "rules"),
    [("red", 20, {"pass", "withheld"}), ("red", 1, {"pass"}), ("blue", 1, {"pass", "withheld"})],
)
def test_a_party_is_its_key_and_not_its_name(
    tmp_path: Path, key: str, days: int, rules: set[str]
) -> None:
    """Renamed it keeps its past, and answers it; another key under its old name does neither."""
    lock = locked(case(tmp_path / "before", [PAST]))
    named = ("Review", "scarlet") if key == "red" else ("Audit", "red")
    now = case(tmp_path / "now", [Said(days=days, who=key)], trust=renamed(*named, key))
    found = check(replace(now, lock=lock))
    assert {finding.rule.partition("/")[2] for finding in found} == rules


def old(seen: Case) -> Lock:
    """The same, as lockfiles had it that knew names and the manifest alone."""
    return Lock(failures=tuple(replace(f, key="", files=()) for f in failures(seen)))


@pytest.mark.parametrize(
    ("now", "rules"),
    [([], {"missing", "withheld"}), ([Said(days=1)], {"pass"}), ([Said(days=20)], {"withheld"})],
)
def test_a_lockfile_of_old_is_read_and_remembers(
    tmp_path: Path, now: Sequence[Said], rules: set[str]
) -> None:
    lock = old(case(tmp_path / "before", [PAST]))
    read = loads(dumps(lock), source="provenance.lock")
    assert read == lock
    found = check(replace(case(tmp_path / "now", now), lock=read))
    assert {finding.rule.partition("/")[2] for finding in found} >= rules


def test_a_failure_of_other_weights_is_no_matter(tmp_path: Path) -> None:
    lock = locked(case(tmp_path / "before", [PAST]))
    files = {**forge.MODEL, WEIGHTS: forge.safetensors(b"other")}
    found = check(replace(case(tmp_path / "now", [Said()], files=files), lock=lock))
    assert [finding.rule for finding in found] == ["attestation/pass"]


@pytest.mark.parametrize("said", [Said(), FAIL, Said(who="gate", predicate=VSA)])
def test_a_word_about_a_model_is_no_bad_signature_of_it(tmp_path: Path, said: Said) -> None:
    seen = case(tmp_path / "m", [said])
    assert {finding.rule for finding in signature_check(seen)} == {"signature/pass"}
    alone = replace(seen, opinions=seen.opinions[1:], vouches=())
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
