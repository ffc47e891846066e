"""The library cannot be misused into a pass: what would say nothing is an error with words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import provenance
from provenance import Evidence, Hub, Policy, Ref, Registry, Settings, Verdict
from provenance.errors import ConfigError
from provenance.policy import Exemption, Waiver
from provenance.policy.levels import Demand
from provenance.policy.table import CHECKS
from provenance.refs import parse
from provenance.verdict import Level, Result
from tests import forge

NAIVE = datetime(2026, 7, 1)
AWARE = Policy.of(Settings())
OFF = tuple((check, Level.OFF) for check in CHECKS)


def gathered(folder: Path, text: str = "m", repo: str | None = None) -> Evidence:
    ref = Ref(text=text, repo=repo)
    return provenance.gather(forge.write(folder), ref=ref, at=forge.NOW)


def judged(folder: Path) -> Verdict:
    return provenance.judge(gathered(folder), AWARE, Registry(name="nobody"))


def test_a_verdict_is_neither_true_nor_false(tmp_path: Path) -> None:
    verdict = judged(tmp_path / "m")
    assert verdict.result is Result.INCOMPLETE
    with pytest.raises(TypeError, match=r"Result\.PASS"):
        bool(verdict)


@pytest.mark.parametrize(
    ("checks", "levels"),
    [((), ()), (CHECKS, OFF), (("format",), (("format", Level.WARN),))],
    ids=["no checks", "all off", "the one only warned of"],
)
def test_a_policy_that_requires_nothing_is_none(
    checks: tuple[str, ...], levels: tuple[tuple[str, Level], ...]
) -> None:
    with pytest.raises(ConfigError, match="no check is left at require"):
        replace(AWARE, checks=checks, levels=levels)


def test_a_check_that_does_not_exist_is_no_check() -> None:
    with pytest.raises(ConfigError, match="found 'virus'"):
        Policy(profile="mine", checks=("format", "virus"), signature=Demand.ALWAYS)


@pytest.mark.parametrize(
    "text", ["hf://acme/bot", "https://huggingface.co/acme/bot", "acme/bot", "acme/bot@main"]
)
def test_a_ref_carries_the_repository_that_it_names(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="names a repository"):
        gathered(tmp_path / "m", text)
    assert gathered(tmp_path / "m", text, "acme/bot").ref.repo == "acme/bot"
    assert parse(text).repo == "acme/bot"


def test_a_hub_is_asked_for_no_ref_without_a_repository() -> None:
    nowhere = Hub(endpoint="http://127.0.0.1:9")
    with pytest.raises(ConfigError, match="names a repository"):
        provenance.gather_from_hub(nowhere, Ref(text="acme/bot"), at=forge.NOW)


def test_a_folder_may_look_like_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge.write(tmp_path / "team" / "bot")
    monkeypatch.chdir(tmp_path)
    ref = Ref(text="team/bot")
    assert provenance.gather(Path("team/bot"), ref=ref, at=forge.NOW).ref == ref
    with pytest.raises(ConfigError, match="names a repository"):
        provenance.gather(tmp_path, ref=ref, at=forge.NOW)


def exempt(moment: datetime) -> object:
    return Exemption(repo="a/b", manifest="sha256:0", reason="r", expires=moment)


def waive(moment: datetime) -> object:
    return Waiver(
        rule="code/native", repo="a/b", subject="x", manifest=None, reason="r", expires=moment
    )


TIMES: list[Callable[[datetime], object]] = [
    exempt,
    waive,
    lambda moment: replace(AWARE, exclude_newer=moment),
    lambda moment: provenance.gather(Path(), ref=Ref(text="m"), at=moment),
    lambda moment: provenance.gather_from_hub(
        Hub(endpoint="http://127.0.0.1:9"), parse("acme/bot"), at=moment
    ),
    lambda moment: Registry(name="r", expires=moment),
]


@pytest.mark.parametrize("use", TIMES)
def test_a_time_without_a_zone_is_an_error(use: Callable[[datetime], object]) -> None:
    with pytest.raises(ConfigError, match="2026-07-01T00:00:00 has no time zone"):
        use(NAIVE)


def test_evidence_is_of_a_moment(tmp_path: Path) -> None:
    evidence = gathered(tmp_path / "m")
    with pytest.raises(ConfigError, match="has no time zone"):
        replace(evidence, at=evidence.at.replace(tzinfo=None) + timedelta(days=1))
