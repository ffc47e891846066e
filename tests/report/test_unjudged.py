"""A model that could not be judged has a row in every report, and the whole is no pass."""

from __future__ import annotations

import json
import re

import pytest

from provenance.report import FORMATS, Summary
from provenance.report.review import review, review_markdown
from provenance.verdict import Result
from tests.report.test_inert import plain
from tests.report.values import NO_ANSWER, many, summary, unjudged, verdict

AWAY = unjudged()
OTHERS = {
    "alone": summary(unjudged=[AWAY]),
    "beside a pass": summary(verdict("acme/bot"), unjudged=[AWAY]),
    "beside a failure": summary(verdict("acme/bot", many(1)), unjudged=[AWAY]),
}


def shown(form: str, report: Summary) -> str:
    return FORMATS[form].write(report)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("report", OTHERS.values(), ids=OTHERS)
def test_it_has_a_row_that_says_why(form: str, report: Summary) -> None:
    text = shown(form, report)
    assert AWAY.name in text
    assert NO_ANSWER in " ".join(text.split())
    assert "not judged" in text or "unjudged" in text


def test_the_page_leads_to_it() -> None:
    """Whoever reads the list at the top misses none of the models."""
    page = FORMATS["html"].write(OTHERS["beside a pass"])
    head = page.partition("</nav>")[0]
    [target] = re.findall(r'href="#([^"]*)">' + AWAY.name, head)
    assert f'<section id="{target}"' in page


@pytest.mark.parametrize(
    ("report", "result"),
    [
        (OTHERS["alone"], Result.INCOMPLETE),
        (OTHERS["beside a pass"], Result.INCOMPLETE),
        (OTHERS["beside a failure"], Result.FAIL),
    ],
    ids=OTHERS,
)
def test_the_whole_is_no_pass(report: Summary, result: Result) -> None:
    assert report.result is result
    assert "1 not judged" in shown("human", report)
    document = json.loads(FORMATS["json"].write(report))
    assert document["verdict"] == result
    assert [m["verdict"] for m in document["models"]][-1] == "unjudged"
    assert shown("github", report).splitlines()[-1].startswith(f"{result}: ")


@pytest.mark.parametrize("report", OTHERS.values(), ids=OTHERS)
def test_code_scanning_closes_no_alert_because_of_it(report: Summary) -> None:
    (run,) = json.loads(FORMATS["sarif"].write(report))["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [n["level"] for n in invocation["toolExecutionNotifications"]] == ["error"]
    assert run["results"][0]["ruleId"] == "policy/not-judged"
    assert run["results"][0]["level"] == "error"


def test_a_run_that_judged_nothing_at_all_says_so() -> None:
    (run,) = json.loads(FORMATS["sarif"].write(summary()))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert [result["ruleId"] for result in run["results"]] == ["policy/not-judged"]


def test_a_run_that_judged_everything_succeeded() -> None:
    (run,) = json.loads(FORMATS["sarif"].write(summary(verdict("acme/bot"))))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is True
    assert run["results"] == []


def test_the_text_of_an_update_names_it() -> None:
    for text in (review_markdown([], [AWAY]), plain(tuple(review([], [AWAY])))):
        assert AWAY.name in text
        assert NO_ANSWER in text
        assert "nothing changes" not in text
