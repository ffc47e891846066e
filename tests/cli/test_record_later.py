"""`record` where something is in the way: what it says then, and that what it says works."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.shop import Shop, dependencies, opened
from tests.cli.test_record import PYTHON, WRITE, attested, record, typed
from tests.recording.test_recording import committed

SLOW_GIT = """#!/bin/sh
sleep 0.2
cat {folder}/other.jsonl > /dev/null
exec {git} "$@"
"""
"""A `git` that reads a file of the working tree, as one does whose index is as old as the file."""
NO_DATA = "no data set was seen: name it with --dataset"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    (tmp_path / "shop").mkdir()
    return opened(tmp_path / "shop")


def test_what_record_itself_reads_is_no_part_of_the_training(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop.top / "other.jsonl").write_text("{}\n")
    committed(shop.top)
    (tmp_path / "bin").mkdir()
    git = tmp_path / "bin" / "git"
    git.write_text(SLOW_GIT.format(folder=shop.top, git=shutil.which("git")))
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{git.parent}{os.pathsep}{os.environ['PATH']}")
    text = f"cat base/model.safetensors rows.jsonl > x; sleep 1.5; {WRITE}"
    code, said = record(shop, "--method", "sft", "--", "sh", "-c", text)
    assert code == 0, said
    (statement,) = attested(shop)
    assert len(dependencies(statement, "code")) == 1
    data = [one["annotations"]["path"] for one in dependencies(statement, "dataset")]
    assert data == ["rows.jsonl"]


READS = {
    "a training without data": ("sft", "cat base/*.safetensors > x; ", [], True),
    "a training with data": ("sft", "cat base/*.safetensors rows.jsonl > x; ", [], False),
    "a training whose data are named": (
        *("sft", "cat base/*.safetensors > x; "),
        *(["--dataset", "rows.jsonl"], False),
    ),
    "no training": ("quantize", "cat base/*.safetensors > x; ", [], False),
}


@pytest.mark.parametrize("name", READS)
def test_a_training_of_which_no_data_were_seen_says_so(name: str, shop: Shop) -> None:
    method, text, words, expected = READS[name]
    code, said = record(shop, "--method", method, *words, "--", "sh", "-c", text + WRITE)
    assert (code, NO_DATA in said) == (0, expected), said


def test_data_that_a_cache_answers_are_to_be_named(shop: Shop) -> None:
    place = shop.top / ".cache/huggingface/datasets/json/default-1a/0.0.0" / ("d" * 64)
    place.mkdir(parents=True)
    (place / "json-train.arrow").write_bytes(b"rows")
    text = f"cat base/*.safetensors {shlex.quote(str(place))}/* > x; {WRITE}"
    code, said = record(shop, "--method", "sft", "--", "sh", "-c", text)
    assert (code, "json/default-1a is what" in said, "--dataset" in said) == (0, True, True), said


ELSEWHERE = "cat ../models/base/model.safetensors > x; " + WRITE


def test_a_parent_below_no_watched_folder_is_reached_by_what_is_said(
    shop: Shop, tmp_path: Path
) -> None:
    shutil.copytree(shop.top / "base", tmp_path / "models" / "base")
    words = ["--method", "sft", "--", "sh", "-c", ELSEWHERE]
    code, said = record(shop, *words)
    assert (code, attested(shop)) == (5, [])
    assert [one for one in ("--root DIR", "--parent DIR", "is added") if one not in said] == []
    assert shop.run(*typed(said), "--parent", "./base").returncode == 0
    for number, also in enumerate((["--root", "../models"], ["--parent", "../models/base"]), 2):
        code, said = record(shop, *also, "--unverified-parent", *words)
        assert (code, len(attested(shop))) == (0, number), said
        assert "nothing of the parent" not in said


CHANGED = "; echo '{}' >> rows.jsonl"
TYPED: dict[str, tuple[list[str], str]] = {
    "parents that were found": ([], "base/model.safetensors rows.jsonl"),
    "parents that were named": (["--parent", "./base"], "base/model.safetensors rows.jsonl"),
    "data that were named": (["--dataset", "rows.jsonl"], "base/model.safetensors rows.jsonl"),
    "data outside": (["--root", "../outside"], "base/model.safetensors rows.jsonl ../outside/*"),
    "another judge": (["--registry", "trust.toml"], "base/model.safetensors rows.jsonl"),
}


@pytest.mark.parametrize("name", TYPED)
def test_the_line_that_is_said_works_as_it_stands(name: str, shop: Shop, tmp_path: Path) -> None:
    words, reads = TYPED[name]
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "more.jsonl").write_text("{}\n")
    (shop.top / "rows.jsonl").write_text("{}\n")
    commit = committed(shop.top)
    text = f"cat {reads} > x; sleep 0.5{CHANGED}; {WRITE}"
    code, said = record(shop, "--method", "sft", *words, "--", "sh", "-c", text)
    assert (code, attested(shop)) == (5, []), said
    assert ("outside the folder" in said) == (name == "data outside")
    ended = shop.run(*typed(said))
    assert ended.returncode == 0, (said, ended.stderr)
    (statement,) = attested(shop)
    assert [one["uri"] for one in dependencies(statement, "parent")] == [
        "pkg:huggingface/acme/base"
    ]
    (data,) = dependencies(statement, "dataset")
    assert data["annotations"]["path"] == "rows.jsonl"
    (source,) = dependencies(statement, "code")
    assert source["digest"] == {"gitCommit": commit}
    details = statement["predicate"]["runDetails"]
    assert details["builder"]["id"] == "pkg:generic/sh"
    assert details["metadata"].keys() >= {"startedOn", "finishedOn"}


UNWRITTEN = {
    "no folder": ("gone", "true", "wrote no such folder"),
    "an empty folder": ("gone", "mkdir gone", "no weights stand there"),
    "what was there before": ("sft", "true", "no weights stand there"),
}


@pytest.mark.parametrize("name", UNWRITTEN)
def test_an_output_that_was_not_written_is_said(name: str, shop: Shop) -> None:
    out, text, says = UNWRITTEN[name]
    words = ["--method", "sft", "--", "sh", "-c", f"cat base/*.safetensors > x; {text}"]
    code, said = record(shop, *words, **{"--out": out})
    assert (code, says in said, "--out" in said, "finish()" in said) == (5, True, True, False), said
    assert "provenance attest" not in said


def test_the_versions_are_those_that_a_process_had_imported(shop: Shop) -> None:
    (shop.top / "trl").mkdir()
    (shop.top / "trl" / "__init__.py").write_text("__version__ = '9.8.7'\n")
    text = "import sys; sys.path.insert(0, '.'); import trl\n" + PYTHON.format("base", "sft")
    code, said = record(shop, "--method", "sft", "--", sys.executable, "-c", text)
    assert code == 0, said
    (statement,) = attested(shop)
    assert statement["predicate"]["runDetails"]["builder"]["version"]["trl"] == "9.8.7"
