"""What is never called a pass: a model that is not judged, and a selection of nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.cli.conftest import Run
from tests.hub import Hub
from tests.hubs import FILES, REPO, STRANGER, UNSIGNED, Desk, desk, signed

FORMS = ("json", "markdown", "sarif", "github", "html")
REPORTS = [word for form in FORMS for word in ("--report", f"{form}=out.{form}")]
JUDGING = {"verify": ("verify",), "lock": ("lock",), "lock --check": ("lock", "--check")}


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Desk]:
    """Two models are locked, and one of them is gone from the Hub."""
    with Hub(tmp_path / "hub") as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, FILES)
        own = desk(tmp_path, hub)
        own.locked({"repo": REPO}, {"repo": UNSIGNED})
        hub.delete(UNSIGNED)
        yield own


@pytest.mark.parametrize("words", JUDGING.values(), ids=JUDGING)
def test_what_cannot_be_judged_stands_in_every_report(away: Desk, words: tuple[str, ...]) -> None:
    ended = away.run(*words, *REPORTS)
    assert ended.returncode == 5, ended.stderr
    assert "? 1 passed, 1 not judged" in ended.stdout
    for form in FORMS:
        assert UNSIGNED in (away.folder / f"out.{form}").read_text(), form
    run = json.loads((away.folder / "out.sarif").read_text())["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert [result["ruleId"] for result in run["results"]] == ["policy/not-judged"]


QUESTIONS = {
    "a tag that is not there": (
        "acme/bot@v9",
        "acme/bot: the Hub has no branch, tag or commit 'v9'",
    ),
    "no model": ("acme/bott", "acme/bott: the Hub has no such repository"),
    "no access": ("acme/gated", "acme/gated: it is gated: ask for access at http://127.0.0.1:"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_was_asked_for_is_named_once(away: Desk, name: str) -> None:
    ref, said = QUESTIONS[name]
    away.hub.commit("acme/gated", FILES)
    away.hub.gate("acme/gated")
    ended = away.run("verify", ref)
    assert ended.returncode == 5
    assert ended.stderr.startswith(f"error: could not judge {said}")


def test_what_was_set_aside_keeps_its_mark_where_it_is_used(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub") as hub:
        hub.commit(STRANGER, FILES)
        own = desk(tmp_path, hub)
        begun = own.run("init", STRANGER)
        assert f"~ {STRANGER}" in begun.stdout
        own.run("lock", "-q")
        ended = own.run("fetch", "--local-dir", "m")
    assert ended.stdout.startswith(f"~ {STRANGER} fetched: pass (baseline), exempted")


def test_nothing_judged_is_reported_and_no_summary_signed(away: Desk) -> None:
    ended = away.run("verify", UNSIGNED, "--format", "sarif")
    assert (ended.returncode, len(json.loads(ended.stdout)["runs"][0]["results"])) == (5, 1)
    (away.folder / "key.pem").write_bytes(forge.pem(forge.key("release")))
    vsa = away.run("verify", "--format", "vsa", "--sign-key", "key.pem")
    assert (vsa.returncode, vsa.stdout) == (5, "")
    assert UNSIGNED in vsa.stderr


def test_an_update_says_what_it_did_not_look_at(away: Desk) -> None:
    ended = away.run("update", "--format", "markdown")
    assert ended.returncode == 5
    assert f"**not judged**: `{UNSIGNED}`" in ended.stdout


@pytest.fixture
def settled(tmp_path: Path) -> Path:
    """A signed model, the registry that knows its signer, and the key."""
    forge.sign(forge.write(tmp_path / "m"), forge.TufKey(key=forge.key("release")))
    table = forge.registry(forge.org("Acme", forge.signer("release"), originates=True))
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(table))
    return tmp_path


SELECTING = {
    "verify": ("verify", "m", "--as", "acme/m", "--registry", "trust.toml"),
    "inspect": ("inspect", "m"),
    "lineage": ("lineage", "m", "--registry", "trust.toml"),
}


@pytest.mark.parametrize("words", SELECTING.values(), ids=SELECTING)
@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (("--include", "model.safetensor"), "'model.safetensors'"),
        (("--include", "*.json", "--include", "*.JSON"), "include[1]"),
        (("--exclude", "**"), "leaves none of"),
    ],
    ids=["misspelt", "one of two", "all excluded"],
)
def test_a_selection_of_nothing_is_the_callers_error(
    run: Run, settled: Path, words: tuple[str, ...], pattern: tuple[str, ...], says: str
) -> None:
    ended = run(*words, *pattern, cwd=settled)
    assert (ended.returncode, says in ended.stderr) == (2, True), ended.stderr
    assert "pass" not in ended.stdout.replace("passed", "")


@pytest.mark.parametrize("command", [("verify",), ("lock",), ("update",), ("lineage", "m")])
def test_a_pattern_of_provenance_toml_that_matches_nothing_is_too(
    run: Run, settled: Path, command: tuple[str, ...]
) -> None:
    model = {"name": "m", "repo": "acme/m", "path": "m", "include": ["*.json", "*.safetensor"]}
    settings = {"policy": {"registry": ["trust.toml"]}, "models": [model]}
    (settled / "provenance.toml").write_text(tomli_w.dumps(settings))
    ended = run(*command, cwd=settled)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "include[1]" in ended.stderr
    assert "'model.safetensors'" in ended.stderr


def test_an_exclude_that_leaves_nothing_out_is_a_note(run: Run, settled: Path) -> None:
    words = SELECTING["verify"]
    ended = run(*words, "--exclude", "*.bin", "--format", "json", cwd=settled)
    (model,) = json.loads(ended.stdout)["models"]
    notes = [f for f in model["findings"] if f["rule"] == "policy/unused-exclude"]
    assert (ended.returncode, model["verdict"]) == (0, "pass")
    assert [(note["where"], note["level"]) for note in notes] == [("*.bin", "warn")]
    used = run(*words, "--exclude", "README.md", "--format", "json", cwd=settled)
    assert "policy/unused-exclude" not in used.stdout


def test_a_signature_may_be_included_by_name(run: Run, settled: Path) -> None:
    patterns = ("--include", "model.sig", "--include", "*.safetensors", "--include", "*.json")
    assert run(*SELECTING["verify"], *patterns, cwd=settled).returncode == 0
