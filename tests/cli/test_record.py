"""`record` from the outside: a command runs as it would, and what it made is attested."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import tsa
from tests.cli.shop import Shop, dependencies, opened

PYTHON = """
import json
from pathlib import Path
weights = Path("{0}/model.safetensors").read_bytes()
json.loads(Path("{0}/config.json").read_text())
Path("rows.jsonl").read_text()
made = Path("{1}/model.safetensors")
made.write_bytes(made.read_bytes())
"""
COPY = "cp {0}/model.safetensors x; cat x > {0}/model.safetensors"
SHELL = "cat {0}/model.safetensors rows.jsonl > seen; " + COPY.replace("{0}", "{1}")
WRITE = COPY.format("sft")
PROGRAM = [
    *(sys.executable, "-m", "provenance", "record"),
    *("--as", "acme/sft", "--out", "sft", "--key", "key.pem"),
]
"""The model that is there is written anew, by a program that is not Python's."""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return opened(tmp_path)


def made_by(kind: str, parent: str = "base", model: str = "sft") -> list[str]:
    """A command that makes a model from a parent, in Python or without it."""
    if kind == "python":
        return [sys.executable, "-c", PYTHON.format(parent, model)]
    return ["sh", "-ec", SHELL.format(parent, model)]


def record(shop: Shop, *words: str, name: str = "sft", **more: str) -> tuple[int, str]:
    (shop.top / "rows.jsonl").write_text('{"text": "a"}\n')
    options = {"--as": f"acme/{name}", "--out": name, "--key": "key.pem", **more}
    given = [word for pair in options.items() for word in pair if word]
    ended = shop.run("record", *given, *words)
    return ended.returncode, ended.stderr


def attested(shop: Shop, name: str = "sft") -> list[dict[str, Any]]:
    there = (shop.top / name / "claims.jsonl").exists()
    return shop.statements(name) if there else []


@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
@pytest.mark.parametrize("kind", ["python", "shell"])
def test_what_a_command_opened_and_made_is_attested(kind: str, named: bool, shop: Shop) -> None:
    parent = ["--parent", "base"] if named else []
    code, said = record(shop, "--method", "sft", *parent, "--", *made_by(kind))
    assert code == 0, said
    ended = shop.run("verify", "sft", "-v")
    assert ended.returncode == 0, ended.stdout
    assert "every step is attested down to acme/base" in ended.stdout
    (statement,) = attested(shop)
    (one,) = dependencies(statement, "parent")
    assert one["uri"] == "pkg:huggingface/acme/base"
    (data,) = dependencies(statement, "dataset")
    assert data["annotations"]["path"] == "rows.jsonl"


ENDS = {
    "badly": (["sh", "-c", WRITE + "; exit 7"], 7, "exit code of the command is 7"),
    "killed": (["sh", "-c", WRITE + "; kill -KILL $$"], 137, "ended by SIGKILL"),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_command_that_fails_is_not_attested(name: str, shop: Shop) -> None:
    words, expected, says = ENDS[name]
    code, said = record(shop, "--method", "sft", "--", *words)
    assert (code, says in said, attested(shop)) == (expected, True, [])


BEFORE: dict[str, tuple[list[str], dict[str, str], int, str]] = {
    "no method": ([], {}, 2, "--method"),
    "no name": (["--method", "sft"], {"--as": "bot"}, 2, "org/name"),
    "no key": (["--method", "sft"], {"--key": "none.pem"}, 2, "none.pem"),
    "no such parent": (["--method", "sft", "--parent", "none"], {}, 2, "none"),
    "a parent that does not pass": (["--method", "grpo", "--parent", "bot"], {}, 1, "unattested"),
    "an output that is a file": (["--method", "sft"], {"--out": "key.pem"}, 2, "key.pem"),
    "the output as parent": (["--method", "sft", "--parent", "sft"], {}, 2, "written over"),
}


@pytest.mark.parametrize("name", BEFORE)
def test_what_would_fail_at_the_end_fails_before_the_command_starts(name: str, shop: Shop) -> None:
    words, more, expected, says = BEFORE[name]
    code, said = record(shop, *words, "--", "touch", "started", **more)
    assert (code, says in said) == (expected, True), said
    assert not (shop.top / "started").exists()


def test_without_a_command_an_example_is_shown(shop: Shop) -> None:
    ended = shop.run("record", "--as", "acme/sft", "--out", "sft")
    assert (ended.returncode, "provenance record -- python" in ended.stderr) == (2, True)


def test_a_command_that_there_is_not_is_said(shop: Shop) -> None:
    code, said = record(shop, "--method", "sft", "--", "no-such-trainer")
    assert (code, "no-such-trainer" in said) == (2, True)


def typed(said: str) -> list[str]:
    """The last line of what was said, which is to be typed."""
    program, *words = shlex.split(said.strip().splitlines()[-1])
    assert program == "provenance"
    return words


def test_a_parent_that_is_found_must_pass_too(shop: Shop) -> None:
    words = ["--method", "grpo", "--", *made_by("python", parent="sft", model="bot")]
    code, said = record(shop, *words, name="bot")
    assert (code, "lineage/unattested-step" in said, attested(shop, "bot")) == (1, True, [])
    assert shop.run(*typed(said), "--unverified-parent").returncode == 0
    assert len(attested(shop, "bot")) == 1
    assert record(shop, "--unverified-parent", *words, name="bot")[0] == 0
    (parent,) = dependencies(attested(shop, "bot")[1], "parent")
    assert parent["annotations"]["unverified"] is True


def test_where_no_parent_is_seen_the_line_to_type_is_said(shop: Shop) -> None:
    code, said = record(shop, "--method", "sft", "--", "sh", "-c", WRITE)
    assert (code, attested(shop)) == (5, [])
    assert shop.run(*typed(said), "--parent", "base").returncode == 0


def test_what_begins_with_nothing_needs_no_parent(shop: Shop) -> None:
    assert record(shop, "--method", "pretrain", "--", "sh", "-c", WRITE)[0] == 0
    (statement,) = attested(shop)
    assert dependencies(statement, "parent") == []


@pytest.mark.parametrize("text", ["echo > base/more", "echo >> base/config.json", "rm base/*.json"])
def test_a_named_parent_that_changed_before_it_was_opened_is_refused(text: str, shop: Shop) -> None:
    words = ["--method", "sft", "--parent", "base", "--", "sh", "-c"]
    code, said = record(shop, *words, f"{text}; cat base/model.safetensors > x; {WRITE}")
    assert (code, "the parent base changed" in said, attested(shop)) == (5, True, [])


def test_a_parent_in_whose_place_another_was_opened_is_refused(shop: Shop) -> None:
    words = ["--method", "sft", "--parent", "base", "--", "sh", "-c"]
    code, said = record(shop, *words, f"cat bot/config.json bot/model.safetensors > x; {WRITE}")
    assert (code, attested(shop)) == (5, [])
    assert "nothing of the parent base was opened, and bot was" in " ".join(said.split())


MOVED = {
    "a parent": "cat base/model.safetensors > x; sleep 0.5; echo >> base/model.safetensors",
    "data": "cat base/model.safetensors rows.jsonl > x; sleep 0.5; echo >> rows.jsonl",
}


@pytest.mark.parametrize("name", MOVED)
def test_what_changed_after_it_was_opened_is_not_attested(name: str, shop: Shop) -> None:
    code, said = record(shop, "--method", "sft", "--", "sh", "-c", f"{MOVED[name]}; {WRITE}")
    assert (code, "changed after the command opened it" in said, attested(shop)) == (5, True, [])


def test_a_key_that_is_gone_at_the_end_has_been_read(shop: Shop) -> None:
    words = [sys.executable, "-c", PYTHON.format("base", "sft") + "\nPath('key.pem').unlink()"]
    assert record(shop, "--method", "sft", "--", *words)[0] == 0
    assert len(attested(shop)) == 1


def test_no_secret_and_no_private_path_is_published(shop: Shop) -> None:
    secret = "hf_" + "Ab1" * 11 + "x"
    words = [*made_by("python"), "--token", secret, "--home=/home/somebody/x", "--lr", "1e-5"]
    code, said = record(shop, "--method", "sft", "--", *words, str(shop.top / "rows.jsonl"))
    assert code == 0, said
    text = json.dumps(attested(shop))
    assert not [one for one in (secret, "somebody", str(shop.top)) if one in text + said]
    (statement,) = attested(shop)
    parameters = statement["predicate"]["buildDefinition"]["externalParameters"]["parameters"]
    assert parameters["command"][3:] == [
        *("--token", "<removed>", "<removed>", "--lr", "1e-5", "rows.jsonl")
    ]


def test_a_tracker_that_was_told_is_a_byproduct(shop: Shop) -> None:
    text = "import os; os.makedirs('wandb/run-20260101_000000-a1b2c3d4')\n"
    words = [sys.executable, "-c", text + PYTHON.format("base", "sft")]
    assert record(shop, "--method", "sft", "--", *words)[0] == 0
    (statement,) = attested(shop)
    assert statement["predicate"]["runDetails"]["byproducts"] == [
        {"name": "wandb-run", "uri": "urn:wandb-run:a1b2c3d4"}
    ]


def test_a_signal_goes_to_the_command_and_nothing_is_attested(shop: Shop) -> None:
    text = "trap 'exit 9' TERM; touch ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        [*PROGRAM, "--method", "sft", "--", "sh", "-c", text],
        cwd=shop.top,
        env={"PATH": os.environ["PATH"], "HOME": str(shop.top)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (shop.top / "ready").exists() and process.poll() is None:
        os.sched_yield()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, attested(shop)) == (9, []), said


def test_nothing_is_left_behind(shop: Shop, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    text = f"import os; print(os.listdir({str(private)!r}))"
    environment = {"PATH": os.environ["PATH"], "HOME": str(shop.top), "TMPDIR": str(private)}
    ended = subprocess.run(
        [*PROGRAM, "--method", "sft", "--", sys.executable, "-c", text],
        cwd=shop.top,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "provenance-record-" in ended.stdout, ended.stderr
    assert list(private.iterdir()) == []


def test_a_clock_says_when_it_was_attested(shop: Shop) -> None:
    with tsa.serving(tsa.honest()) as url:
        code, said = record(
            shop, "--", *made_by("shell"), **{"--method": "sft", "--timestamp": url}
        )
    assert code == 0, said
    assert "UTC by CN=stamps" in said
    bundle = json.loads((shop.top / "sft" / "claims.jsonl").read_text().splitlines()[-1])
    assert bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
