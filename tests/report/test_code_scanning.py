"""SARIF and annotations as GitHub takes them: its limits, its order, what it tells alerts apart by.

Limits: https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning
(SARIF support); ten annotations of a kind for each step.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from provenance.report import FORMATS, Summary
from provenance.verdict import failed
from tests.report.values import many, summary, verdict

REMEDY = ("[[policy.exempt]]", 'repo = "a/b"', 'reason = "…"', "expires = 2027-01-01")
ADVICE = failed("identity/unknown-publisher", "\n".join(("exempt it", *REMEDY)), "a/b")


def run_of(report: Summary) -> dict[str, Any]:
    (run,) = json.loads(FORMATS["sarif"].write(report))["runs"]
    assert isinstance(run, dict)
    return run


def uris(report: Summary) -> set[str]:
    return {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for result in run_of(report)["results"]
        for location in result["locations"]
    }


def test_a_result_has_a_file_where_nothing_names_the_model() -> None:
    assert uris(summary(verdict("acme/m", many(3)), file=None)) == {"provenance.toml"}


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("services/b c/provenance.toml", "services/b%20c/provenance.toml"),
        ("a#b/100%.toml", "a%23b/100%25.toml"),
        ("ä/provenance.lock", "%C3%A4/provenance.lock"),
        ("/srv/b c/provenance.toml", "file:///srv/b%20c/provenance.toml"),
    ],
)
def test_a_path_is_a_uri(file: str, uri: str) -> None:
    assert uris(summary(verdict("acme/m", many(1)), file=file)) == {uri}
    assert not urlsplit(uri).fragment


def test_findings_in_one_line_are_alerts_of_their_own() -> None:
    same = (
        failed("code/template", "line 1", "t.jinja"),
        failed("code/template", "line 2", "t.jinja"),
    )
    report = summary(verdict("acme/m", (*many(12), *same)), verdict("acme/n", many(12)))
    results = run_of(report)["results"]
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]
    assert len(set(hashes)) == len(hashes) == 26
    assert hashes == [
        result["partialFingerprints"]["primaryLocationLineHash"]
        for result in run_of(report)["results"]
    ]


def test_what_is_too_much_is_counted_and_the_worst_stays() -> None:
    waved = (failed("code/script", "a script", "run.sh"),)
    rules = [many(3_000, f"integrity/{slug}") for slug in ("mismatch", "missing", "extra")]
    report = summary(
        *(verdict(f"acme/{n}", found) for n, found in enumerate(rules)), verdict("acme/z", waved)
    )
    run = run_of(report)
    assert len(run["results"]) == 5_000
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "4001 more results" in said["message"]["text"]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_each_model_has_its_first_annotation_before_anothers_second() -> None:
    report = summary(verdict("acme/one", many(13)), verdict("acme/two", many(2, "format/archive")))
    lines = FORMATS["github"].write(report).splitlines()
    assert ["acme/one" in line for line in lines[:4]] == [True, False, True, False]
    assert len(lines) == 16


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_to_be_copied_stays_lines(form: str) -> None:
    text = FORMATS[form].write(summary(verdict("a/b", [ADVICE])))
    if form == "github":
        text = text.replace("%0A", "\n").replace("%25", "%")
    if form == "sarif":
        results = json.loads(text)["runs"][0]["results"]
        text = results[0]["message"]["text"].replace("\\", "")
    if form == "json":
        text = json.loads(text)["models"][0]["findings"][0]["message"]
    if form == "html":
        text = text.replace("&#34;", '"')
    lines = [line.strip() for line in text.splitlines()]
    at = next(number for number, line in enumerate(lines) if line.endswith(REMEDY[0]))
    assert lines[at + 1 : at + 3] == list(REMEDY[1:3])
    assert lines[at + 3].startswith(REMEDY[3])
    assert r"\n" not in text
