"""Thousands of files with one finding are one finding, with a count and what leaves them out."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.adoption import adopt
from provenance.case.folding import MOST, folded
from provenance.judgement import evaluate
from provenance.model import Evidence, Ref
from provenance.policy import Model, Policy, Settings
from provenance.report import FORMATS, Summary
from provenance.selection import matches, patterns_of
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Level, Outcome, failed
from tests import forge

REPO = "acme/m"
POLICY = Policy.of(Settings(), Model(name=REPO, repo=REPO))
REGISTRY = Registry.from_table(forge.registry(forge.org("Acme", originates=True)), source="t")
SCRIPTS = {f"data/part-{n:04}.py": b"x = 1\n" for n in range(3_000)}
PICKLED = {f"d{n % 7}/[{n}].pkl": b"\x80\x04N." for n in range(MOST + 1)}


def gathered(folder: Path, files: Mapping[str, bytes]) -> Evidence:
    forge.write(folder, {**forge.MODEL, **files})
    return directory.collect(folder, ref=Ref(text=REPO, repo=REPO), at=forge.NOW)


def test_three_thousand_files_are_one_finding_in_every_form(tmp_path: Path) -> None:
    evaluation = evaluate(gathered(tmp_path / "m", SCRIPTS), POLICY, REGISTRY)
    (finding,) = [f for f in evaluation.verdict.findings if f.rule == "code/python-file"]
    assert (finding.count, finding.where) == (3_000, "data/*.py")
    assert finding.names[0] == "data/part-0000.py"
    assert "3000 files" in evaluation.verdict.reason
    summary = Summary(verdicts=(evaluation.verdict,), unjudged=(), policy="p", registry="r")
    forms = {form: row.write(summary) for form, row in FORMATS.items()}
    for form, text in forms.items():
        assert "3000" in text, form
        assert text.count("part-") < 40, form
        assert len(text) < 40_000, form
    assert 'exclude = ["data/*.py"]' in forms["human"]
    row = next(
        f
        for f in json.loads(forms["json"])["models"][0]["findings"]
        if f["rule"] == "code/python-file"
    )
    assert (row["count"], len(row["names"])) == (3_000, 5)


@pytest.mark.parametrize("files", [SCRIPTS, PICKLED], ids=["scripts", "pickles"])
def test_the_line_leaves_out_those_files_and_no_other(
    tmp_path: Path, files: Mapping[str, bytes]
) -> None:
    evidence = gathered(tmp_path / "m", files)
    (finding,) = [f for f in evaluate(evidence, POLICY, REGISTRY).verdict.findings if f.count > 1]
    exclude = tomllib.loads(finding.message.partition("\n")[2])["exclude"]
    left = {f.path for f in evidence.listing.files if matches(f.path, [], exclude)}
    assert left == set(forge.MODEL)


def test_what_is_too_much_to_look_at_is_not_adopted(tmp_path: Path) -> None:
    evidence = gathered(tmp_path / "m", SCRIPTS)
    found = adopt(evidence, POLICY, REGISTRY, forge.NOW + forge.DAY)
    assert not found.waivers
    assert "code/python-file" in {finding.rule for finding in found.left}


def test_a_few_stay_as_they_are_and_in_their_order() -> None:
    few = [
        failed(f"code/{slug}", "m", f"{n}") for n in range(MOST) for slug in ("native", "script")
    ]
    assert folded(few, ()) == tuple(few)


def test_only_what_is_alike_is_told_as_one() -> None:
    kinds = [(Level.REQUIRE, ""), (Level.WARN, ""), (Level.OFF, "looked at")]
    many = [
        replace(failed("code/native", "m", f"{n}"), level=level, waived=waived)
        for n in range(MOST + 1)
        for level, waived in kinds
    ]
    found = folded([*many, failed("code/script", "m", "x")], ())
    assert [(f.level, f.waived, f.count) for f in found] == [
        *((level, waived, MOST + 1) for level, waived in kinds),
        (Level.REQUIRE, "", 1),
    ]
    assert {f.outcome for f in found} == {Outcome.FAIL}


PATHS = st.from_regex(r"([a-c]/){0,2}[a-b*?\[\]]{1,3}(\.[xy])?", fullmatch=True)


@given(st.frozensets(PATHS, min_size=1), st.frozensets(PATHS))
def test_patterns_take_what_they_are_of_and_nothing_else(
    wanted: frozenset[str], others: frozenset[str]
) -> None:
    among = wanted | others
    patterns = patterns_of(wanted, among)
    assert not patterns or {p for p in among if matches(p, patterns, ())} == wanted
