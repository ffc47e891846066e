"""The install step as it stands in action.yml: nothing that a head commits takes part."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.action.runner import ACTION, Pull

MODULES = (
    "ast",
    "ensurepip",
    "hatchling",
    "json",
    "logging",
    "pip",
    "provenance",
    "sitecustomize",
    "subprocess",
    "usercustomize",
    "venv",
)
"""What the interpreter, the installer and the tool import by name."""


def planted(pull: Pull) -> Path:
    """The head has a module and a package of each name; the file that each writes when it runs."""
    ran = pull.temp / "ran"
    text = f"open({str(ran)!r}, 'a').write(__name__ + chr(10))\n"
    for name in MODULES:
        (pull.desk.folder / f"{name}.py").write_text(text)
        (pull.desk.folder / name).mkdir()
        (pull.desk.folder / name / "__init__.py").write_text(text)
        (pull.desk.folder / name / "__main__.py").write_text(text)
    (pull.desk.folder / "pip.conf").write_text("[global]\nindex-url = https://mallory.example/\n")
    (pull.desk.folder / "pyvenv.cfg").write_text(f"home = {pull.desk.folder}\n")
    return ran


def downloaded(folder: Path) -> Path:
    """The action as a runner has it: what its commit holds, in a folder of its own."""
    top = ACTION.parents[2]
    words = ["git", "ls-files", "-z", "--cached"]
    listed = subprocess.run(words, cwd=top, capture_output=True, text=True, check=True).stdout
    for path in filter(None, listed.split("\0")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(top / path, folder / path)
    return folder / ACTION.relative_to(top)


def test_the_install_step_runs_nothing_of_the_checkout(pull: Pull) -> None:
    """Without an index the dependencies are not found, and that is how far it comes."""
    ran = planted(pull)
    summary = pull.temp / "summary.md"
    environment = {"PIP_NO_INDEX": "1", "PYTHONPATH": str(pull.desk.folder)}
    environment["GITHUB_STEP_SUMMARY"] = str(summary)
    ended = pull.step("Install", {}, environment)
    assert not ran.exists(), ran.read_text()
    assert "No matching distribution found" in ended.stdout
    assert summary.read_text().count("**Nothing was judged.** the tool could not be installed") == 1
    assert (pull.temp / "provenance" / "bin" / "python").exists()


@pytest.mark.interop
def test_what_was_installed_judges_and_runs_nothing_of_the_checkout(pull: Pull) -> None:
    """The action's own commit, from its own repository, with its dependencies by hash."""
    pull = replace(pull, action=downloaded(pull.temp / "actions"))
    base = pull.commit("base")
    ran = planted(pull)
    pull.commit("head")
    ended = pull.step(
        "Install",
        {},
        {
            "PYTHONPATH": str(pull.desk.folder),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": os.environ["PROVENANCE_WHEELS"],
        },
    )
    assert ended.returncode == 0, ended.stdout
    judged = pull.run(base)
    assert (judged.code, judged.outputs["verdict"]) == (0, "pass"), judged.log
    assert not ran.exists(), ran.read_text()


def test_an_action_of_the_checkout_is_refused(pull: Pull) -> None:
    action = pull.desk.folder / ".github" / "actions" / "verify"
    shutil.copytree(ACTION, action)
    ended = replace(pull, action=action).step("Install", {}, {})
    assert (ended.returncode, "judged::the action lies in the checkout" in ended.stdout) == (
        2,
        True,
    )


@pytest.mark.parametrize("version", ["1.0 --index-url=https://x", "-r x", "main", "1.0;echo"])
def test_a_version_is_a_release(pull: Pull, version: str) -> None:
    summary = pull.temp / "summary.md"
    environment = {"PIP_NO_INDEX": "1", "GITHUB_STEP_SUMMARY": str(summary)}
    ended = pull.step("Install", {"inputs.version": version}, environment)
    assert summary.read_text().startswith("**Nothing was judged.** version: expected a release")
    assert (ended.returncode, "expected a release" in ended.stdout) == (2, True)
