"""What a reviewer reads first: the rules, what changed, what decided; then everything else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from provenance.report import FORMATS, Summary
from provenance.verdict import Result, failed, unknown
from tests.report.test_inert import READERS
from tests.report.values import many, review_of, summary, unjudged, verdict

RULES = failed("policy/changed", "changed here, and nobody says who may", "provenance.toml")
FAILING = [
    verdict(f"acme/bad-{n:02}", (RULES, *many(3)), reason="format/pickle: x") for n in range(12)
]
GOOD = [
    verdict(f"acme/good-{n:02}", [RULES], result=Result.FAIL, reason="policy/changed: x")
    for n in range(3)
]
FEW_OF_A_KIND = 10
"""Annotations of a kind that a step shows."""


def positions(text: str, words: Sequence[str]) -> list[int]:
    return [text.index(word) for word in words]


@pytest.mark.parametrize("form", sorted(FORMATS.keys() - {"json"}))
def test_what_is_said_of_the_rules_is_said_once_and_before_every_model(form: str) -> None:
    text = FORMATS[form].write(summary(*FAILING, *GOOD)).replace("\\", "")
    assert text.count("changed here, and nobody says who may") == 1
    said = text.index("changed here, and nobody says who may")
    assert said < text.index("holds pickle 0")


def test_the_annotations_that_are_shown_are_the_deciding_ones() -> None:
    found = (unknown("ancestry/unknown", "perhaps"), *many(4, "integrity/mismatch"))
    report = summary(
        verdict("acme/good", [unknown("format/x", "y")], result=Result.INCOMPLETE, reason="x"),
        *(verdict(f"acme/{n}", found, reason="integrity/mismatch: f") for n in range(9)),
        unjudged=[unjudged()],
    )
    lines = FORMATS["github"].write(report).splitlines()
    shown = [line for line in lines if line.startswith("::error")][:FEW_OF_A_KIND]
    assert [f"acme/{n}::" in line for n, line in enumerate(shown[:9])] == [True] * 9
    assert all("integrity/mismatch" in line for line in shown[:9])
    assert "not judged" in shown[9]


def test_a_comment_says_what_changed_and_folds_what_did_not() -> None:
    same = [verdict(f"acme/same-{n:02}") for n in range(45)]
    report = summary(
        *same,
        verdict("acme/broken", many(2)),
        verdict("acme/bumped"),
        changes=[review_of("acme/bumped"), review_of("acme/gone")],
    )
    text = FORMATS["markdown"].write(report)
    order = ("`acme/bumped`", "`acme/broken`", "### ✅ `acme/bumped`", "+line 0", "### ❌")
    assert positions(text, order) == sorted(positions(text, order))
    folded = text.index("<details><summary>45 models unchanged and pass</summary>")
    assert folded < text.index("`acme/same-00`")
    assert text.index("### `acme/gone`") < folded
    assert "acme/same-44" in READERS["markdown"](text)


def test_a_change_of_the_rules_unfolds_no_model_that_has_nothing_else_against_it() -> None:
    text = FORMATS["markdown"].write(summary(*GOOD, FAILING[0], changes=[]))
    before, _, behind = text.partition("3 models unchanged and have nothing against them but the")
    assert "acme/bad-00" in before
    assert "acme/good" not in before
    assert behind.count("acme/good") == 3


def test_a_row_for_each_finding_that_decides_and_the_others_behind_a_click() -> None:
    found = (*many(2), unknown("ancestry/unknown-ancestor", "perhaps"))
    text = FORMATS["markdown"].write(summary(verdict("acme/m", found)))
    before, _, behind = text.partition("<details>")
    assert (before.count("holds pickle"), behind.count("holds pickle")) == (3, 0)
    assert "perhaps" not in before
    assert "perhaps" in behind


@pytest.mark.parametrize(("models", "lines"), [(3, 4_000), (17, 400)])
def test_every_change_is_named_within_a_comment(models: int, lines: int) -> None:
    reviews = [review_of(f"acme/{n}", lines=lines) for n in range(models)]
    text = FORMATS["markdown"].write(summary(*(verdict(b.name) for b in reviews), changes=reviews))
    assert len(text.encode()) <= 60_000
    assert all(f"### ✅ `{one.name}`" in text for one in reviews)
    assert text.count("more letters of this difference are not shown") == models


def test_a_report_without_anything_to_see_lists_its_few_models() -> None:
    few: Summary = summary(*(verdict(f"acme/{n}") for n in range(3)))
    assert "models pass" not in FORMATS["markdown"].write(few)
    assert FORMATS["markdown"].write(few).count("### ✅") == 3
