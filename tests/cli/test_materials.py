"""What went into a history, and what `[policy.training]` asks of it, as somebody types it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from provenance.report import FORMATS
from tests import forge
from tests.cli.conftest import Run
from tests.cli.test_verify import REPORT, STEP
from tests.hubs import card
from tests.lineage.test_demanded import EVERY, FULL
from tests.schemas import validate

TRAINER = forge.TufKey(key=forge.key("trainer"))
DEMANDS = dict.fromkeys(sorted(EVERY - {"timestamp"}), True)
LOOSE: Mapping[str, Any] = {}
GIVEN = {
    "--dataset": "data.jsonl",
    "--code": "code",
    "--config": "run.yaml",
    "--environment": "environment.json",
}
FILES = {
    "data.jsonl": b"{}\n",
    "code/train.py": b"pass\n",
    "run.yaml": b"learning_rate: 1.0e-5\n",
    "environment.json": b'{"python": "3.12"}',
}


def history(
    top: Path,
    *said: Mapping[str, Any],
    training: Mapping[str, bool] = DEMANDS,
    unverified: bool = False,
) -> Path:
    """A folder with a base and a bot made from it, attested with each of what is said."""
    base = forge.write(top / "base", {**forge.MODEL, "README.md": b"# base\n"})
    weights = forge.safetensors(b"bot".ljust(16, b"."))
    named = {"README.md": card("base_model: acme/base"), "model.safetensors": weights}
    bot = forge.write(top / "bot", {**forge.MODEL, **named})
    for fields in said:
        parent = replace(forge.digested(base, "acme/base"), unverified=unverified)
        forge.attest(bot, TRAINER, "sft", parent, model="acme/bot", **fields)
    for folder in (base, bot):
        forge.sign(folder, forge.TufKey(key=forge.key("release")))
    root = {"repo": "acme/base", "manifest": forge.digested(base).manifest}
    signers = (forge.signer("release"), forge.signer("trainer", ["trainer"]))
    registry = forge.registry(forge.org("Acme", *signers, root=[root]))
    (top / "trust.toml").write_text(tomli_w.dumps(registry))
    settings = {
        "policy": {"registry": ["trust.toml"], "training": training},
        "models": [{"name": n, "repo": f"acme/{n}", "path": n} for n in ("base", "bot")],
    }
    (top / "provenance.toml").write_text(tomli_w.dumps(settings))
    return top


def commit(folder: Path) -> None:
    """A git repository of its own, with everything in it committed."""
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*author, "commit", "-q", "-m", "x")):
        subprocess.run(["git", *words], cwd=folder, check=True)


def test_what_is_asked_of_training_fails_until_it_is_stated(run: Run, tmp_path: Path) -> None:
    ended = run("verify", "bot", cwd=history(tmp_path, LOOSE))
    assert ended.returncode == 1
    for rule in ("data-not-pinned", "code-not-clean", "no-parameters", "no-environment"):
        assert f"✗ lineage/{rule}" in ended.stdout
    assert run("explain", "lineage/data-not-pinned").returncode == 0
    options = re.findall(r"`provenance attest (--[a-z]+) ([^`]+)`", " ".join(ended.stdout.split()))
    assert dict(options).keys() == GIVEN.keys()
    # What the findings say is typed, each with a value that is here.
    for name, data in FILES.items():
        forge.write(tmp_path, {name: data})
    commit(tmp_path / "code")
    (tmp_path / "key.pem").write_bytes(forge.pem(forge.key("trainer")))
    step = ("bot", "--as", "acme/bot", "--method", "sft", "--parent", "base", "--key", "key.pem")
    typed = [word for option in GIVEN.items() for word in option]
    done = run("attest", *step, *typed, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ended = run("verify", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_the_tree_has_what_went_in_and_fits_the_terminal(
    run: Run, tmp_path: Path, columns: str
) -> None:
    top = history(tmp_path, FULL)
    bare = run("lineage", "bot", cwd=top, COLUMNS=columns)
    ended = run("lineage", "bot", "--materials", cwd=top, COLUMNS=columns)
    assert (bare.returncode, ended.returncode) == (0, 0)
    said = " ".join(ended.stdout.split())
    for words in ("https://example.org/data, at cccccccccccc", "clean", "learning_rate 1e-05"):
        assert words in said
        assert words not in bare.stdout
    assert max(map(len, ended.stdout.splitlines())) <= int(columns)


@pytest.mark.parametrize(("asked", "code"), [("parameters", 0), ("verified_parents", 1)])
@pytest.mark.parametrize("form", FORMATS)
def test_every_report_says_that_a_parent_was_not_verified(
    run: Run, tmp_path: Path, form: str, asked: str, code: int
) -> None:
    top = history(tmp_path, FULL, training={asked: True}, unverified=True)
    ended = run("verify", "bot", "--format", form, cwd=top)
    assert ended.returncode == code
    assert "unverified-parent" in ended.stdout.replace("\\", "")


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_a_form_without_room_for_it_is_refused(run: Run, tmp_path: Path, form: str) -> None:
    ended = run("lineage", "bot", "--materials", "--format", form, cwd=history(tmp_path, FULL))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert (
        f"error: --materials: draws a tree, or goes with --format json; found --format {form}"
        in (ended.stderr)
    )


@pytest.mark.parametrize("words", [["lineage", "bot"], ["lineage", "bot", "--materials"]])
def test_json_has_every_step_whatever_else_is_asked(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    top = history(tmp_path, FULL)
    drawn = json.loads(run(*words, "--json", cwd=top).stdout)
    judged = json.loads(run("verify", "--json", cwd=top).stdout)
    validate(judged, REPORT)
    base, bot = judged["models"]
    assert base["steps"] == []
    assert bot["steps"] == drawn["steps"]
    (step,) = drawn["steps"]
    validate(step, STEP)
    assert step["parameters"] == json.loads(FULL["parameters"])
    assert [one["pinned"] for one in step["materials"]] == [True, True]


def test_a_short_report_stays_short_and_a_full_one_tells(run: Run, tmp_path: Path) -> None:
    top = history(tmp_path, FULL)
    step = "acme/bot by sft from acme/base, attested by Acme (trainer) in claims.jsonl:1"
    assert step not in run("verify", "bot", cwd=top).stdout
    assert step in run("verify", "bot", "-v", cwd=top).stdout
