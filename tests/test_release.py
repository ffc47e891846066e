"""The tool ships as it asks others to: what can sign runs nothing of ours, and all is pinned."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

TOP = Path(__file__).parent.parent
WORKFLOWS = sorted((TOP / ".github" / "workflows").glob("*.yml"))
TEXTS = [
    *WORKFLOWS,
    *sorted((TOP / ".github" / "actions").rglob("action.yml")),
    *sorted((TOP / "provenance" / "manual").glob("*.md")),
]
"""What uses actions, or shows how to."""
USES = re.compile(r"^ *(?:- )?uses: (\S+?)@(\S+)(?: # (.*))?$", re.MULTILINE)
PACKAGE = re.compile(
    r"[a-z0-9-]+==[^ ]+(?: ; [^\\]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\\n|\n|$))+"
)
MADE_BY = "# Made by: bash .ci/pins\n"
SIGNS = "id-token"


def read(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text())
    assert isinstance(document, dict)
    return document


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            yield f"{path.stem}/{name}", job


JOBS = dict(jobs())


def used(job: dict[str, Any]) -> list[str]:
    return [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_an_action_is_pinned_by_its_commit_and_says_which_release_that_is(path: Path) -> None:
    for name, commit, comment in USES.findall(path.read_text()):
        assert re.fullmatch(r"[0-9a-f]{40}", commit), name
        assert comment, name


def test_one_release_of_an_action_has_one_commit() -> None:
    found = {use for path in TEXTS for use in USES.findall(path.read_text())}
    assert len(found) == len({(name, comment) for name, _, comment in found})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_nothing_of_itself(path: Path) -> None:
    assert read(path)["permissions"] == {}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_says_what_it_may_and_keeps_no_credentials(name: str) -> None:
    job = JOBS[name]
    assert job["permissions"]
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "cache" not in step.get("with", {})


@pytest.mark.parametrize("name", [name for name in JOBS if SIGNS in JOBS[name]["permissions"]])
def test_what_can_sign_runs_nothing_of_the_checkout(name: str) -> None:
    """It has no checkout, reads no code, and of its own lines only compares digests."""
    job = JOBS[name]
    assert "actions/checkout" not in used(job)
    assert "contents" not in job["permissions"]
    for step in job["steps"]:
        commands = step.get("run", "").splitlines()
        assert all("sha256sum --check --strict" in command for command in commands)


def test_only_the_job_that_publishes_has_the_environment_that_pypi_trusts() -> None:
    trusted = [name for name, job in JOBS.items() if "pypi" in str(job.get("environment"))]
    assert trusted == ["release/publish"]
    assert used(JOBS["release/publish"])[-1] == "pypa/gh-action-pypi-publish"


@pytest.mark.parametrize("name", [name for name, job in JOBS.items() if "sums" in str(job)])
def test_what_takes_the_files_of_the_build_compares_them_first(name: str) -> None:
    job = JOBS[name]
    if "actions/download-artifact" not in used(job):
        assert name == "release/build"
        return
    first, second, *_ = job["steps"]
    assert first["uses"].startswith("actions/download-artifact@")
    assert second["env"]["SUMS"] == "${{ needs.build.outputs.sums }}"
    lines = second["run"].splitlines()
    assert lines[0] == 'echo "$SUMS  SHA256SUMS" | sha256sum --check --strict'
    assert lines[1] == "sha256sum --check --strict SHA256SUMS"


def test_the_release_is_what_can_be_run_by_hand() -> None:
    commands = [step.get("run", "") for step in JOBS["release/build"]["steps"]]
    assert any("bash .ci/release " in command for command in commands)
    assert "bash .ci/release " in (TOP / ".ci" / "run").read_text()


def requirements() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", ".github"], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout
    return [TOP / name for name in listed.splitlines() if name.endswith("requirements.txt")]


@pytest.mark.parametrize("path", requirements(), ids=lambda path: path.parent.name)
def test_what_is_installed_is_pinned_by_hash_and_says_how_it_was_made(path: Path) -> None:
    comment, _, listed = path.read_text().partition(MADE_BY)
    assert comment.startswith("# ")
    assert PACKAGE.sub("", listed) == ""
    assert PACKAGE.search(listed)
    assert str(path.relative_to(TOP)) in (TOP / ".ci" / "pins").read_text()


def test_everything_pinned_is_looked_after_and_nothing_is_taken_on_its_first_days() -> None:
    updates = read(TOP / ".github" / "dependabot.yml")["updates"]
    assert {update["package-ecosystem"] for update in updates} == {
        "pip",
        "github-actions",
        "docker",
    }
    assert all(update["cooldown"]["default-days"] >= 7 for update in updates)
    (pip,) = (update for update in updates if update["package-ecosystem"] == "pip")
    folders = {f"/{path.parent.relative_to(TOP)}" for path in requirements()}
    assert folders < set(pip["directories"])


def test_the_base_of_the_image_is_pinned_by_digest() -> None:
    text = (TOP / ".github" / "images" / "Containerfile").read_text()
    first, *others = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:[\w.-]+@sha256:[0-9a-f]{64}", first)
    assert set(others) == {"base"}
