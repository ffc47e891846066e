"""What passes because the caller made an exception never looks like what passes by itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.judgement import Evaluation, evaluate
from provenance.model import Ref
from provenance.policy import Exemption, Model, Policy, Settings, Waiver
from provenance.produce.vsa import Rules, statement
from provenance.report import FORMATS, Summary
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Outcome, Result
from tests import forge

ENDS = forge.NOW + 60 * forge.DAY
REGISTRY = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"), originates=True)), source="trust.toml"
)
EXCEPTED = {"exempted": "someone/ft", "waived": "acme/waived"}


def judged(folder: Path, repo: str) -> Evaluation:
    """A signed model of Acme's, an exempted stranger's, or one of Acme's with a waiver."""
    forge.write(folder)
    if repo == "acme/signed":
        forge.sign(folder, forge.TufKey(key=forge.key("release")))
    evidence = directory.collect(folder, ref=Ref(text=repo, repo=repo), at=forge.NOW)
    bytes_of = evidence.manifest.digest
    policy = Policy.of(Settings(), Model(name=repo, repo=repo))
    exemption = Exemption(repo="someone/ft", manifest=bytes_of, reason="seen", expires=ENDS)
    waivers = tuple(
        Waiver(
            rule=rule,
            repo="acme/waived",
            subject="acme/waived",
            manifest=bytes_of,
            reason="seen",
            expires=ENDS,
        )
        for rule in ("signature/missing", "integrity/no-reference")
    )
    return evaluate(evidence, replace(policy, exemptions=(exemption,), waivers=waivers), REGISTRY)


def report(evaluation: Evaluation) -> Summary:
    return Summary(verdicts=(evaluation.verdict,), unjudged=(), policy="p", registry="r")


def shown(form: str, evaluation: Evaluation) -> str:
    return FORMATS[form].write(report(evaluation))


@pytest.mark.parametrize("kind", EXCEPTED)
def test_a_check_that_passes_by_exception_has_an_outcome_of_its_own(
    tmp_path: Path, kind: str
) -> None:
    verdict = judged(tmp_path / "m", EXCEPTED[kind]).verdict
    checks = dict(verdict.checks)
    assert verdict.result is Result.PASS
    assert {name for name, outcome in checks.items() if outcome is Outcome.EXCEPTED} == (
        {"integrity", "identity", "signature"} if kind == "exempted" else {"integrity", "signature"}
    )
    assert checks["format"] is Outcome.PASS
    assert verdict.excepted
    assert not judged(tmp_path / "n", "acme/signed").verdict.excepted


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", EXCEPTED)
def test_every_form_says_so_and_says_it_of_nothing_else(
    tmp_path: Path, form: str, kind: str
) -> None:
    text = shown(form, judged(tmp_path / "m", EXCEPTED[kind]))
    plainly = shown(form, judged(tmp_path / "n", "acme/signed"))
    assert kind in text or "exempted" in text
    for word in ("exempted", "waived", "by exception", "excepted"):
        if form != "html" or word == "by exception":
            assert word not in plainly.replace("acme/waived", "")
    if form in ("human", "markdown", "html", "github"):
        assert "1 passed by exception" in text
        assert "1 passed" in plainly


@pytest.mark.parametrize(("form", "mark"), [("human", "~"), ("markdown", "🔇")])
def test_the_model_and_the_check_have_that_mark(tmp_path: Path, form: str, mark: str) -> None:
    text = shown(form, judged(tmp_path / "m", "someone/ft"))
    assert re.search(f"{mark} (integrity, )?identity", text)
    assert f"{mark} someone/ft" in text.replace("`", "")
    assert mark not in shown(form, judged(tmp_path / "n", "acme/signed"))


def test_the_page_frames_it_otherwise(tmp_path: Path) -> None:
    frames = [
        set(re.findall(r'<section [^>]*class="model ([a-z]+)"', shown("html", evaluation)))
        for evaluation in (
            judged(tmp_path / "m", "someone/ft"),
            judged(tmp_path / "n", "acme/signed"),
        )
    ]
    assert frames == [{"excepted"}, {"pass"}]


def test_a_signature_of_a_stranger_is_not_called_none(tmp_path: Path) -> None:
    """Somebody did sign, and who it was is not known."""
    folder = forge.write(tmp_path / "m")
    forge.sign(folder, forge.TufKey(key=forge.key("stranger")))
    model = Ref(text="acme/waived", repo="acme/waived")
    evidence = directory.collect(folder, ref=model, at=forge.NOW)
    evaluation = evaluate(evidence, Policy.of(Settings(), Model(name="m")), REGISTRY)
    assert "nobody in the registry signed these bytes" in shown("markdown", evaluation)
    assert "- nobody signed these bytes" in shown("markdown", judged(tmp_path / "n", "acme/waived"))


def test_nobody_is_called_registered_who_is_not(tmp_path: Path) -> None:
    reason = judged(tmp_path / "m", "someone/ft").verdict.reason
    assert "no registered organisation owns someone" in reason
    assert "the publisher is registered" not in reason


def test_a_summary_for_others_has_another_level(tmp_path: Path) -> None:
    levels = [
        json.loads(statement(evaluation, rules=Rules.built_in("baseline"), at=forge.NOW))[
            "predicate"
        ]["verifiedLevels"]
        for evaluation in (
            judged(tmp_path / "m", "someone/ft"),
            judged(tmp_path / "n", "acme/signed"),
        )
    ]
    assert levels == [["PROVENANCE_BASELINE_WITH_EXCEPTIONS"], ["PROVENANCE_BASELINE"]]
