"""What a command line says went into a step: found, digested and named, or refused."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import ConfigError
from provenance.model import File, Manifest
from provenance.produce.attest import Making
from provenance.wire.training import MANIFEST, Material
from provenance.workspace import Environment
from provenance.workspace.materials import Desk
from provenance.workspace.training_options import TrainingOptions

NOW = datetime(2026, 1, 2, tzinfo=UTC)
COMMIT, DIGEST = "c" * 40, "d" * 64
HUB = "https://huggingface.co/datasets"
Said = tuple[str, dict[str, str], dict[str, object]]
FILES = {"data/a.jsonl": b"{}\n", "data/more/b.jsonl": b"[]\n", "train.py": b"train()\n"}
SHA = {path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()}
FOLDER = Manifest.of(
    [
        File(path="a.jsonl", size=3, digest=SHA["data/a.jsonl"]),
        File(path="more/b.jsonl", size=3, digest=SHA["data/more/b.jsonl"]),
    ]
).digest.removeprefix("sha256:")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    work = tmp_path / "work"
    for path, data in FILES.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(data)
    (tmp_path / "outside.jsonl").write_bytes(b"")
    monkeypatch.chdir(work)
    names = {"HOME": str(tmp_path), "USER": "alice", "PATH": os.environ["PATH"]}
    return Desk(at=NOW, environment=Environment(names))


def making(desk: Desk, **words: Any) -> Making:
    options = TrainingOptions(**{"model": "acme/bot", "method": "sft", **words})
    options.check()
    return options.making(desk)


def said(material: Material) -> Said:
    return material.uri, dict(material.digest), dict(material.notes)


AT_COMMIT: Said = (f"{HUB}/acme/data", {"gitCommit": COMMIT}, {})
FOUND: tuple[tuple[str, str, Said], ...] = (
    ("datasets", f"acme/data@{COMMIT}", AT_COMMIT),
    (
        "datasets",
        f"hf://datasets/acme/data@{COMMIT}",
        (f"{HUB}/acme/data", {"gitCommit": COMMIT}, {}),
    ),
    ("datasets", f"{HUB}/acme/data/tree/{COMMIT}", AT_COMMIT),
    ("datasets", "acme/data", (f"{HUB}/acme/data", {}, {})),
    ("datasets", f"{HUB}/acme/data", (f"{HUB}/acme/data", {}, {})),
    ("datasets", "s3://acme/data.jsonl", ("s3://acme/data.jsonl", {}, {})),
    (
        "datasets",
        f"https://example.org/d@sha256:{DIGEST}",
        ("https://example.org/d", {"sha256": DIGEST}, {}),
    ),
    (
        "datasets",
        "data/a.jsonl",
        ("", {"sha256": SHA["data/a.jsonl"]}, {"path": "data/a.jsonl", "size": 3}),
    ),
    ("datasets", "./data", ("", {MANIFEST: FOLDER}, {"path": "data", "size": 6, "files": 2})),
    ("code", "train.py", ("", {"sha256": SHA["train.py"]}, {"path": "train.py", "size": 8})),
    (
        "code",
        f"git+https://example.org/train@{COMMIT}",
        (f"git+https://example.org/train@{COMMIT}", {"gitCommit": COMMIT}, {}),
    ),
    (
        "code",
        f"https://github.com/acme/train@{COMMIT}",
        ("https://github.com/acme/train", {"gitCommit": COMMIT}, {}),
    ),
    (
        "containers",
        f"ghcr.io/acme/train@sha256:{DIGEST}",
        ("docker://ghcr.io/acme/train", {"sha256": DIGEST}, {}),
    ),
)


@pytest.mark.parametrize(("option", "text", "found"), FOUND)
def test_it_is_named_by_what_pins_it(option: str, text: str, found: Said, desk: Desk) -> None:
    (material,) = making(desk, **{option: (text, text)}).materials
    assert said(material) == found


def test_a_byproduct_is_a_file_or_a_page(desk: Desk) -> None:
    made = making(desk, byproducts=("train.py", "https://example.org/run/7"))
    assert [said(one)[:2] for one in made.byproducts] == [
        ("", {"sha256": SHA["train.py"]}),
        ("https://example.org/run/7", {}),
    ]


SECRET = "hf_" + "aB3" * 12
WRONG: tuple[tuple[str, object, str], ...] = (
    ("datasets", ("acme/data@main",), "--dataset: expected a commit"),
    ("datasets", ("data/absent.jsonl",), "hf://datasets/data/absent.jsonl"),
    ("datasets", ("../outside.jsonl",), "lies outside the folder"),
    ("datasets", ("/home/bob/d.jsonl",), "--dataset: looks like a path of this machine"),
    ("datasets", ("file:///srv/d.jsonl",), "--dataset: looks like a path of this machine"),
    ("datasets", (f"https://u:{SECRET}@example.org/d",), "--dataset: looks like"),
    ("datasets", ("http://data.acme.internal/d",), "--dataset: looks like the name or address"),
    ("datasets", ("some data",), "--dataset: expected a file that is there or a URI"),
    ("code", ("train",), "--code: expected a file that is there or a URI"),
    ("code", (f"https://{SECRET}@example.org/x@{COMMIT}",), "--code: looks like"),
    ("code", (".",), "lies in no git repository"),
    ("containers", ("ghcr.io/acme/train:1",), "docker image inspect"),
    ("builder", "our cluster", "--builder: expected a URI"),
    ("builder", f"https://example.org/?token={SECRET}", "--builder: looks like"),
    ("invocation", "7", "--invocation: expected a URI"),
    ("byproducts", ("wandb/run-7",), "--byproduct: expected a file"),
    ("withheld", ("lr",), "--withhold lr: nothing of this name"),
    ("model", "bot", "--as: expected org/name"),
    ("finished", datetime(2025, 1, 1), "--finished"),
)


@pytest.mark.parametrize(("option", "value", "says"), WRONG)
def test_what_nobody_should_publish_or_can_read_is_refused(
    option: str, value: object, says: str, desk: Desk
) -> None:
    with pytest.raises(ConfigError) as refused:
        making(desk, **{"started": datetime(2025, 6, 1), option: value})
    assert says in str(refused.value)
    assert SECRET not in str(refused.value)


CONFIGS: tuple[tuple[str, str], ...] = (
    (f"lr: 1\nhub_token: {SECRET}\n", "hub_token looks like a secret by its name"),
    ("lr: 1\nout: /mnt/ckpt\n", "out looks like a path of this machine"),
    ("runs: [{dir: runs/alice/7}]\n", "runs[0].dir looks like a path with the name of the user"),
    ('{"a": {"b": "https://u:pw@example.org"}}', "a.b looks like a URL with a password"),
)


@pytest.mark.parametrize(("text", "says"), CONFIGS)
def test_a_configuration_is_refused_and_what_to_type_works(
    text: str, says: str, desk: Desk
) -> None:
    config = desk.folder / "run.yaml"
    config.write_text(text)
    with pytest.raises(ConfigError) as refused:
        making(desk, config=Path("run.yaml"))
    told = str(refused.value)
    assert told.startswith(f"--config run.yaml: {says}")
    assert SECRET not in told
    name = told.partition("--withhold '")[2].partition("'")[0]
    made = making(desk, config=Path("run.yaml"), withheld=(name,))
    (material,) = made.materials
    assert material.note("withheld") == name
    assert dict(material.digest)["sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_a_configuration_becomes_what_json_can_say(desk: Desk) -> None:
    (desk.folder / "run.yaml").write_text("began: 2026-01-01\nlr: .nan\n2: a\non: b\n")
    made = making(desk, config=Path("run.yaml"), environment=Path("run.yaml"))
    assert made.parameters == {"began": "2026-01-01", "lr": "NaN", "2": "a", "true": "b"}
    assert made.environment == made.parameters


@pytest.mark.parametrize("text", ["- a\n", "a: &x 1\nb: *x\n", "a: b: c", "\0"])
def test_what_is_no_table_is_refused(text: str, desk: Desk) -> None:
    (desk.folder / "run.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"--config run.yaml: expected"):
        making(desk, config=Path("run.yaml"))


def git(folder: Path, *words: str) -> str:
    own = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *own, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


REMOTES = {
    "https://user:hunter2@example.org/acme/train.git": "git+https://example.org/acme/train.git",
    "git@example.org:acme/train.git": "git+ssh://example.org/acme/train.git",
    "ssh://git@example.org:22/acme/train": "git+ssh://example.org:22/acme/train",
    "https://example.org/train?token=hunter2": "git+https://example.org/train",
    "/srv/git/train.git": "",
    "https://git.acme.internal/train": "",
}


@pytest.mark.parametrize("remote", REMOTES)
def test_code_is_the_commit_of_the_callers_own_repository(remote: str, desk: Desk) -> None:
    git(desk.folder, "init", "-q")
    with pytest.raises(ConfigError, match="has no commit"):
        making(desk, code=(".",))
    git(desk.folder, "remote", "add", "origin", remote)
    git(desk.folder, "add", ".")
    git(desk.folder, "commit", "-qm", "one")
    commit = git(desk.folder, "rev-parse", "HEAD")
    uri = f"{REMOTES[remote]}@{commit}" if REMOTES[remote] else ""
    (clean,) = making(desk, code=(".",)).materials
    assert said(clean) == (uri, {"gitCommit": commit}, {"dirty": False})
    (desk.folder / "train.py").write_text("other()\n")
    (desk.folder / "new.py").write_text("\n")
    (changed,) = making(desk, code=("data",)).materials
    assert said(changed) == (uri, {"gitCommit": commit}, {"dirty": True, "untracked": 1})


def test_no_git_runs_in_a_folder_that_is_judged(desk: Desk) -> None:
    git(desk.folder / "data", "init", "-q")
    judged = Desk(at=NOW, environment=desk.environment, judged=(Path("data"),))
    with pytest.raises(ConfigError, match="where no git may run"):
        making(judged, code=("data/more",))


@pytest.mark.parametrize("kind", ["link", "pipe", "empty"])
def test_a_folder_that_no_digest_covers_is_refused(kind: str, desk: Desk) -> None:
    folder = desk.folder / "odd"
    folder.mkdir()
    if kind == "link":
        (folder / "x").symlink_to("/etc/hostname")
    elif kind == "pipe":
        os.mkfifo(folder / "x")
    with pytest.raises(ConfigError, match="--dataset odd"):
        making(desk, datasets=("odd",))


def test_a_folder_of_too_many_files_is_refused_and_says_what_to_do(
    desk: Desk,
) -> None:
    few = replace(desk, limits=replace(desk.limits, entries=2))
    with pytest.raises(ConfigError, match="more than 2 files: pack them into archives"):
        making(few, datasets=("data",))
