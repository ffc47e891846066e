"""`attest-result` from the outside, and what `verify` makes of it where a policy asks for it."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests import forge
from tests.cli.shop import Shop, opened
from tests.evaluations import reports

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
REPORTS = {
    "good.xml": reports.junit('<testcase name="a"/><testcase name="b"/>'),
    "bad.xml": reports.junit('<testcase name="a"/><testcase name="b"><failure/></testcase>'),
    "garak.jsonl": reports.garak(reports.GOOD),
    "log.eval": reports.EVAL,
    "results.json": reports.lm_eval(),
}
AUDIT = ("--key", "red.pem")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A signed base whose policy asks for the results of the suite `unit`, by an evaluator."""
    shop = opened(tmp_path)
    for name, data in REPORTS.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "red.pem").write_bytes(forge.pem(forge.key("red")))
    trust = tomllib.loads((tmp_path / "trust.toml").read_text())
    audit = forge.org("Audit", forge.signer("red", ["evaluator"], repos=["acme/*"]))
    trust["org"] += forge.registry(audit)["org"]
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(trust))
    asks(shop, suite="unit")
    return shop


def asks(shop: Shop, **more: str) -> None:
    file = shop.top / "provenance.toml"
    settings = tomllib.loads(file.read_text())
    asked = {"predicate": TEST_RESULT, "role": "evaluator", **more}
    settings["policy"] |= {"profile": "signed", "require_attestation": [asked]}
    file.write_text(tomli_w.dumps(settings))


def attested(shop: Shop, report: str, *words: str) -> tuple[int, str]:
    ended = shop.run("attest-result", "base", "--from", report, "--as", "acme/base", *words)
    return ended.returncode, ended.stderr


def predicate(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = shop.statements("base")[-1]["predicate"]
    return found


def test_a_result_by_the_suite_that_is_asked_for_passes(shop: Shop) -> None:
    ended = shop.run("verify", "base")
    assert (ended.returncode, "attestation/missing" in ended.stdout) == (1, True)
    assert f"no {TEST_RESULT} of the suite unit by Audit/red" in " ".join(ended.stdout.split())
    code, said = attested(shop, "good.xml", *AUDIT)
    assert (code, "PASSED of 4 files; tests: 2 passed, 0 warned, 0 failed" in said) == (0, True), (
        said
    )
    for words, before in (((), "a loader reads; "), (("-v",), "✓ attestation ")):
        ended = shop.run("verify", "base", *words)
        assert ended.returncode == 0, ended.stdout
        shown = " ".join(ended.stdout.split())
        assert f"{before}Audit/red says PASSED on" in shown
        assert "by unit: 2 passed, 0 warned, 0 failed" in shown


def test_a_result_by_another_suite_does_not(shop: Shop) -> None:
    assert attested(shop, "garak.jsonl", *AUDIT)[0] == 0
    ended = shop.run("verify", "base")
    shown = " ".join(ended.stdout.split())
    assert (ended.returncode, "attestation/other-suite" in shown) == (1, True)
    assert "by garak/dan.Dan_11_0; expected unit" in shown
    asks(shop, suite="garak/dan.Dan_11_0")
    assert shop.run("verify", "base").returncode == 0


def test_a_failed_result_is_written_and_convicts_whatever_suite_is_asked_for(shop: Shop) -> None:
    assert attested(shop, "good.xml", *AUDIT)[0] == 0
    code, said = attested(shop, "results.json", *AUDIT, "--passes", "arc_easy/acc,none>=0.9")
    assert (code, "FAILED of 4 files" in said) == (1, True)
    assert predicate(shop)["failedTests"] == ["arc_easy/acc,none>=0.9"]
    ended = shop.run("verify", "base")
    assert (ended.returncode, "attestation/failed" in ended.stdout) == (1, True)


def test_the_report_stands_by_its_digest_as_anothers(shop: Shop) -> None:
    assert attested(shop, "log.eval", *AUDIT, "--passes", "includes/accuracy>=0.7")[0] == 0
    suite, report = predicate(shop)["configuration"]
    assert suite == {"name": "dates", "annotations": {"version": "0"}}
    assert report["digest"] == {"sha256": hashlib.sha256(reports.EVAL).hexdigest()}
    assert report["annotations"] == {
        "failed": 0,
        "file": "log.eval",
        "model": "mockllm/model",
        "passed": 1,
        "reported": "by another program, taken as it stands",
        "samples": 4,
        "tool": "Inspect 0.3.285",
        "warned": 0,
    }
    assert predicate(shop)["timeCreated"] == "2026-11-30T20:31:17Z"


@pytest.mark.parametrize(
    ("report", "words", "says"),
    [
        ("log.eval", ("--passes", "*>=0"), "the report is of mockllm/model, and the statement of"),
        ("good.xml", (), "the report names no model"),
        ("results.json", ("--passes", "*>=0"), "the report is of acme/bot, and the statement of"),
    ],
)
def test_whose_model_the_report_names_is_said(
    shop: Shop, report: str, words: tuple[str, ...], says: str
) -> None:
    assert says in attested(shop, report, *AUDIT, *words)[1]


def test_where_the_report_names_this_model_nothing_is_said(shop: Shop) -> None:
    ended = shop.run("attest-result", "bot", "--from", "garak.jsonl", "--as", "acme/bot", *AUDIT)
    assert (ended.returncode, "the report" in ended.stderr) == (0, False)


def test_a_dry_run_writes_nothing(shop: Shop) -> None:
    ended = shop.run("attest-result", "base", "--from", "bad.xml", "--dry-run")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["predicate"]["result"] == "FAILED"
    assert not (shop.top / "base" / "claims.jsonl").exists()


def test_it_is_added_to_the_callers_own_attestations(shop: Shop) -> None:
    own = shop.top / "attestations" / "acme" / "base"
    own.mkdir(parents=True)
    assert attested(shop, "good.xml", *AUDIT, "-o", str(own / "audit.sigstore.json"))[0] == 0
    assert not (shop.top / "base" / "claims.jsonl").exists()
    assert shop.run("verify", "base").returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("log.eval",), "--passes 'includes/accuracy>=0.75'"),
        (("log.eval", "--kind", "junit"), "read as JUnit XML: not XML"),
        (("log.eval", "--passes", "accuracy>=0.5"), "means 2 numbers"),
        (("log.eval", "--passes", "accuracy=0.5"), 'expected "METRIC>=0.8"'),
        (("key.pem",), "expected a garak report"),
        (("base/config.json",), "expected a garak report"),
        (("good.xml", "--kind", "unit"), "unit"),
        (("nowhere.xml",), "nowhere.xml"),
        (("base",), "base"),
    ],
)
def test_what_the_caller_got_wrong_is_exit_2(shop: Shop, words: tuple[str, ...], says: str) -> None:
    code, said = attested(shop, *words, *AUDIT)
    assert (code, says in said) == (2, True), said
    assert not (shop.top / "base" / "claims.jsonl").exists()


def test_a_report_among_the_files_of_the_model_is_refused(shop: Shop) -> None:
    os.rename(shop.top / "good.xml", shop.top / "base" / "good.xml")
    code, said = attested(shop, "base/good.xml", *AUDIT)
    assert (code, "lies among the files of the model" in said) == (2, True)


def test_what_must_not_be_published_is_left_out(shop: Shop) -> None:
    name = "test_x[/home/somebody/data]"
    report = reports.junit(f'<testcase name="{name}"/><testcase name="b"/>')
    (shop.top / "paths.xml").write_bytes(report)
    code, said = attested(shop, "paths.xml", *AUDIT)
    assert (code, "names of tests or suites (1)" in said) == (0, True), said
    assert predicate(shop)["passedTests"] == ["b"]
    assert predicate(shop)["configuration"][-1]["annotations"]["passed"] == 2


def test_a_name_in_a_report_is_shown_inert(shop: Shop) -> None:
    evil = reports.lm_eval(lambda t: t.update(results={"\x1b[31m\nx": {"acc": 1}}, groups={}))
    (shop.top / "evil.json").write_bytes(evil)
    code, said = attested(shop, "evil.json", *AUDIT)
    assert (code, "\x1b" in said) == (2, False)
    code, said = attested(shop, "evil.json", *AUDIT, "--passes", "*>=0")
    assert (code, "\x1b" in said) == (0, False)
    assert "\x1b" not in shop.run("verify", "base", "-v").stdout
