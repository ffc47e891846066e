"""A plain loop that is recorded: from what it begins with to the statement, and what goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provenance.errors import ConfigError, ProvenanceError, SourceError
from provenance.recording import Recording, Words
from provenance.wire.training import Material
from provenance.workspace.attesting import ParentRefused
from tests import forge
from tests.cli.shop import SCHEMA, dependencies
from tests.recording.studio import MADE, Studio, studio_at
from tests.schemas import validate

COMMIT = "a" * 40
SECRET = "sk-" + "4f7Zq" * 6


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return studio_at(tmp_path)


def test_a_loop_attests_what_it_made_from_what_it_began_with(studio: Studio) -> None:
    (studio.top / "rows.jsonl").write_text("{}\n")
    with studio.recording(datasets=["rows.jsonl"]) as run:
        run.parameters({"learning_rate": 1e-5, "api_key": SECRET, "cwd": "/home/wanda/run"})
        run.byproducts(Material(kind="run", uri="https://tracker.example/runs/7"))
        studio.save()
    (statement,) = studio.statements
    validate(statement, SCHEMA)
    assert {one["name"] for one in statement["subject"]} == set(MADE)
    (parent,) = dependencies(statement, "parent")
    assert parent["uri"] == "pkg:huggingface/acme/base"
    (rows,) = dependencies(statement, "dataset")
    assert rows["annotations"]["path"] == "rows.jsonl"
    outside = statement["predicate"]["buildDefinition"]["externalParameters"]
    assert outside["parameters"] == {"learning_rate": 1e-5}
    assert "wanda" not in studio.text
    assert SECRET not in studio.text
    forge.sign(studio.top / "out", forge.TufKey(key=forge.key("release")))
    ended = studio.shop.run("verify", "out", "--as", "acme/out", "-v")
    assert ended.returncode == 0, ended.stdout


def test_what_fails_within_attests_nothing(studio: Studio) -> None:
    with suppress(KeyboardInterrupt), studio.recording():
        studio.save()
        raise KeyboardInterrupt
    assert not studio.statements


def test_what_is_saved_later_takes_the_place_of_what_was_attested(studio: Studio) -> None:
    run = studio.recording().begin()
    studio.save()
    file = run.finish()
    first = file.read_bytes()
    assert run.finish().read_bytes() == first
    studio.save({"README.md": b"# out\n"})
    run.finish()
    (statement,) = studio.statements
    assert "README.md" in {one["name"] for one in statement["subject"]}
    again = studio.recording().begin()
    with pytest.raises(ConfigError, match="no weights stand here that this run wrote"):
        again.finish()
    studio.save({"model.safetensors": forge.safetensors(b"trained again...")})
    again.finish()
    assert len(studio.statements) == 2


def test_a_model_elsewhere_is_attested_if_this_run_wrote_it(studio: Studio) -> None:
    old = forge.write(studio.top / "merged", MADE)
    for path in old.iterdir():
        os.utime(path, (1, 1))
    run = studio.recording().begin()
    with pytest.raises(ConfigError, match="no weights stand here that this run wrote"):
        run.finish("merged")
    forge.write(studio.top / "merged", MADE)
    assert run.finish("merged") == old / "claims.jsonl"
    studio.save()
    assert run.finish() == studio.top / "out" / "claims.jsonl"
    assert len(studio.shop.statements("merged")) == len(studio.statements) == 1


def test_what_trainers_leave_beside_a_model_is_not_attested(studio: Studio) -> None:
    run = studio.recording().begin()
    beside = ("checkpoint-5/model.safetensors", "runs/now/events.out", "wandb/debug.log")
    studio.save({**dict.fromkeys(beside, b"x"), "1_Pooling/config.json": b"{}"})
    (studio.top / "out" / "checkpoint-5" / "last").symlink_to("/etc/hostname")
    run.finish()
    (statement,) = studio.statements
    expected = {*MADE, "1_Pooling/config.json"}
    assert {one["name"] for one in statement["subject"]} == expected


def loaded(name: str, commit: str | None = None) -> Any:
    return SimpleNamespace(config=SimpleNamespace(_name_or_path=name, _commit_hash=commit))


FROM: dict[str, Callable[[Studio], object]] = {
    "typed": lambda _: f"acme/base@{COMMIT}",
    "branch": lambda _: "acme/base@main",
    "loaded": lambda _: loaded("acme/base", COMMIT),
    "folder": lambda studio: str(studio.cache / f"models--acme--base/snapshots/{COMMIT}"),
}


@pytest.mark.parametrize("name", FROM)
def test_a_model_of_the_hubs_cache_is_named_by_its_commit(studio: Studio, name: str) -> None:
    studio.cached(COMMIT)
    (studio.top / "provenance.toml").write_text(
        '[policy]\nprofile = "signed"\nregistry = ["trust.toml"]\n'
    )
    with studio.recording(parents=[FROM[name](studio), FROM["loaded"](studio)]):
        studio.save()
    (parent,) = dependencies(studio.statements[0], "parent")
    assert parent["uri"] == f"pkg:huggingface/acme/base@{COMMIT}"


def test_a_folder_that_nobody_named_is_known_by_its_digest_alone(studio: Studio) -> None:
    shutil.copytree(studio.top / "base", studio.top / "copy")
    beside = ("checkpoint-2/optimizer.pt", "checkpoint-2/model.safetensors", "training_args.bin")
    left = dict.fromkeys(beside, b"left by a trainer")
    forge.write(studio.top / "copy", {**left, "README.md": b"# another\n"})
    with studio.recording(parents=["./copy"], unverified_parent=True):
        studio.save()
    (parent,) = dependencies(studio.statements[0], "parent")
    files = dependencies(studio.statements[0], "parent-file")
    assert {one["annotations"]["path"] for one in files} == {*forge.MODEL, "README.md"}
    assert "uri" not in parent
    assert parent["digest"]
    assert parent["annotations"]["unverified"] is True


def test_a_copy_of_a_root_goes_by_its_name(studio: Studio) -> None:
    shutil.copytree(studio.top / "base", studio.top / "copy")
    with studio.recording(parents=["./copy"]):
        studio.save()
    (parent,) = dependencies(studio.statements[0], "parent")
    assert parent["uri"] == "pkg:huggingface/acme/base"


WRONG: dict[str, tuple[Words, str]] = {
    "name": ({"parents": ["nowhere"]}, "nowhere"),
    "not-here": ({"parents": [loaded("acme/gone", COMMIT)]}, "was loaded from 'acme/gone'"),
    "not-cached": ({"parents": [f"acme/gone@{COMMIT}"]}, "not in the Hub's cache"),
    "no-model": ({"parents": [3]}, "expected a folder"),
    "key": ({"key": "gone.pem"}, "gone.pem"),
    "no-key": ({"key": None}, "nothing to sign with"),
    "certificate": ({"certificate": "gone.pem"}, "gone.pem"),
    "policy": ({"policy": "magic"}, "magic"),
    "registry": ({"registry": ["gone.toml"]}, "gone.toml"),
    "itself": ({"out": "base"}, "is the folder that the run begins with"),
    "file": ({"out": "key.pem"}, "expected a folder, found a file"),
    "data": ({"datasets": ["nowhere.jsonl"]}, "nowhere.jsonl"),
    "output": ({"output": "trust.toml"}, "holds something else"),
    "nothing": ({"parents": [], "method": None}, "say what the run begins with"),
    "nowhere": ({"out": None}, "out='./out'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_end_well_is_said_at_the_start(studio: Studio, name: str) -> None:
    words, says = WRONG[name]
    with pytest.raises(ProvenanceError, match=says), studio.recording(**words):
        pytest.fail("it began")


SPELLED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "word": ({"parant": "base"}, TypeError, "parant"),
    "method": ({"method": "magic"}, ConfigError, "found 'magic'"),
    "text": ({"parents": "base"}, ConfigError, r"write \['base'\]"),
    "model": ({"model": "out"}, ConfigError, "expected org/name"),
}


@pytest.mark.parametrize("name", SPELLED)
def test_a_word_that_is_misspelled_is_said_before_all(name: str) -> None:
    words, kind, says = SPELLED[name]
    with pytest.raises(kind, match=says):
        Recording(**{"model": "acme/out", **words})


def test_a_parent_that_does_not_pass_stops_the_run_early(studio: Studio) -> None:
    run = studio.recording(parents=["sft"]).begin()
    with pytest.raises(ParentRefused, match="because a parent does not pass: sft: fail"):
        run.check(60)
    studio.save()
    with pytest.raises(ParentRefused):
        run.finish()
    assert not studio.statements


def test_a_parent_may_move_once_it_is_pinned_and_not_before(studio: Studio) -> None:
    run = studio.recording().begin()
    run.check(60)
    (studio.top / "base").rename(studio.top / "gone")
    studio.save()
    run.finish()
    assert len(studio.statements) == 1


def test_a_parent_that_changes_while_it_is_hashed_is_not_what_was_loaded(studio: Studio) -> None:
    weights = studio.top / "base" / "more.bin"
    with weights.open("wb") as stream:
        stream.truncate(1 << 30)
    run = studio.recording(unverified_parent=True).begin()
    os.utime(weights, (1, 1))
    with pytest.raises(ConfigError, match="changed while the model was pinned"):
        run.check(120)


def test_a_statement_that_cannot_be_written_can_be_written_later(studio: Studio) -> None:
    kept = studio.top / "kept"
    kept.mkdir()
    run = studio.recording(output="kept/claims.jsonl").begin()
    kept.rmdir()
    studio.save()
    with pytest.raises(SourceError, match="then call finish"):
        run.finish()
    kept.mkdir()
    assert run.finish() == kept / "claims.jsonl"


def test_a_key_that_is_gone_at_the_end_was_read_at_the_start(studio: Studio) -> None:
    with studio.recording():
        (studio.top / "key.pem").unlink()
        studio.save()
    assert len(studio.statements) == 1


ADAPTER = {
    "adapter_config.json": b'{"peft_type": "LORA", "base_model_name_or_path": "acme/base"}',
    "adapter_model.safetensors": forge.safetensors(),
}


@pytest.mark.parametrize(
    ("files", "method", "said", "relation"),
    [
        (ADAPTER, "sft", "sft", "adapter"),
        (ADAPTER, "lora", "lora", "adapter"),
        (MADE, "lora", "finetune", None),
        ({**MADE, **ADAPTER}, "sft", "sft", None),
    ],
)
def test_an_adapter_is_what_has_no_weights_of_its_own(
    studio: Studio, files: dict[str, bytes], method: str, said: str, relation: str | None
) -> None:
    with studio.recording(method=method):
        forge.write(studio.top / "out", files)
    outside = studio.statements[0]["predicate"]["buildDefinition"]["externalParameters"]
    assert (outside["method"], outside.get("relation")) == (said, relation)


def committed(folder: Path) -> str:
    """All that lies there, in a repository of its own; its commit."""
    git = ["git", "-c", "user.name=w", "-c", "user.email=w@example.org", "-C", str(folder)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    shown = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return shown.stdout.strip()


def test_the_code_is_the_commit_that_the_caller_stands_in(studio: Studio) -> None:
    commit = committed(studio.top)
    with studio.recording():
        studio.save()
    (code,) = dependencies(studio.statements[0], "code")
    assert code["digest"] == {"gitCommit": commit}
    assert code["annotations"]["dirty"] is False


def test_no_git_runs_in_what_is_judged(studio: Studio) -> None:
    committed(studio.top / "base")
    inside = studio.recording().terms.workspace
    own = replace(inside, folder=studio.top / "base")
    words: Words = {"workspace": own, "parents": ["."], "out": "../out", "unverified_parent": True}
    with studio.recording(**words):
        studio.save()
    assert dependencies(studio.statements[0], "code") == []
    (studio.top / "out" / "claims.jsonl").unlink()
    words["code"] = str(studio.top / "base")
    stated = studio.recording(**words).begin()
    studio.save({"model.safetensors": forge.safetensors(b"trained again...")})
    with pytest.raises(ConfigError, match="where no git may run"):
        stated.finish()
