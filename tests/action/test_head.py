"""What the author of a pull request tries with the bytes of the head; what an honest one does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.action.runner import Pull
from tests.action.test_bumps import FIRST, MODEL
from tests.hubs import REPO, UNSIGNED

RULES = ("provenance.toml", "provenance.lock", "trust.toml")
FOLDER = "services/a"
PROJECT = """
[project]
name = "a"
[tool.provenance.policy]
profile = "signed"
registry = ["../../trust.toml"]
[[tool.provenance.models]]
name = "support-bot"
repo = "acme/bot"
"""


def moved(pull: Pull, folder: str, *names: str) -> Path:
    """The folder, with copies of these files of the top."""
    place = pull.desk.folder / folder
    place.mkdir(parents=True)
    for name in names:
        shutil.copy(pull.desk.folder / name, place / name)
    return place


def link_to_other_rules(pull: Pull) -> Callable[[], object]:
    place = moved(pull, FOLDER, *RULES)
    moved(pull, "services/lax", *RULES)

    def change() -> None:
        shutil.rmtree(place)
        place.symlink_to("lax")

    return change


def take_the_nearest_rules_away(pull: Pull) -> Callable[[], object]:
    place = moved(pull, FOLDER, "provenance.lock")
    (place / "pyproject.toml").write_text(PROJECT)
    return lambda: (place / "pyproject.toml").write_text("[project]\nname = 'a'\n")


def a_submodule_of_other_rules(pull: Pull) -> Callable[[], object]:
    """The author's own fork of the repository, at whose top other rules lie."""
    place = moved(pull, FOLDER, *RULES)

    def change() -> None:
        shutil.rmtree(place)
        pull.git("commit", "-qam", "no folder")
        pull.git("clone", "-q", str(pull.desk.folder), FOLDER)

    return change


STEPS: Mapping[str, tuple[Callable[[Pull], Callable[[], object]], str]] = {
    "a folder becomes a link": (link_to_other_rules, "its folder is a link here"),
    "the nearest rules go": (take_the_nearest_rules_away, "not here any more, with its rules"),
    "a folder becomes a submodule": (a_submodule_of_other_rules, "is a submodule here"),
}


@pytest.mark.parametrize("case", STEPS)
def test_no_step_leads_to_other_rules_of_the_base(pull: Pull, case: str) -> None:
    prepare, said = STEPS[case]
    change = prepare(pull)
    base = pull.commit("base")
    change()
    pull.commit("head")
    ended = pull.run(base, lockfile=f"{FOLDER}/provenance.lock", sarif_file="out.sarif")
    assert (ended.code, said in ended.summary) == (2, True), ended.log


@pytest.mark.parametrize("command", ["lock-check", "verify", "diff"])
@pytest.mark.parametrize("name", ["provenance.toml", "provenance.lock", "pyproject.toml"])
def test_a_line_of_what_a_link_leads_to_is_never_printed(
    pull: Pull, name: str, command: str
) -> None:
    base = pull.commit("base")
    outside = pull.temp / "environ"
    outside.write_text("TOKEN=hunter2 [[")
    link = pull.desk.folder / name
    link.unlink(missing_ok=True)
    link.symlink_to(outside)
    pull.commit("head")
    ended = pull.run(base, command=command)
    assert (ended.code, ended.outputs["verdict"]) == (2, "error"), ended.log
    assert "hunter2" not in ended.log + ended.summary
    assert "is a link here" in ended.summary


ENDINGS = {"as committed": "", "with the checkout's line ends": "*.toml text eol=crlf\n"}


@pytest.mark.parametrize("attributes", ENDINGS.values(), ids=ENDINGS)
def test_rules_that_nobody_touched_are_not_changed(pull: Pull, attributes: str) -> None:
    """A registry above the folder, and a checkout that writes CRLF."""
    place = moved(pull, FOLDER, "provenance.toml", "provenance.lock")
    settings = place / "provenance.toml"
    settings.write_text(settings.read_text().replace("trust.toml", "../../trust.toml"))
    (pull.desk.folder / ".gitattributes").write_text(attributes)
    base = pull.commit("base")
    (pull.desk.folder / "app.py").write_text("# the pull request adds this alone\n")
    pull.commit("head")
    for file in (settings, pull.desk.folder / "trust.toml"):
        file.unlink()
    pull.git("checkout", "--", ".")
    assert (b"\r\n" in settings.read_bytes()) is bool(attributes)
    ended = pull.run(base, lockfile=f"{FOLDER}/provenance.lock")
    assert (ended.code, "policy/changed" in ended.summary) == (0, False), ended.log


@pytest.mark.parametrize("name", ["provenance.toml", "provenance.lock"])
def test_a_base_that_cannot_be_read_is_named(pull: Pull, name: str) -> None:
    file = pull.desk.folder / name
    good = file.read_text()
    file.write_text("[[broken\n")
    base = pull.commit("base")
    file.write_text(good)
    pull.commit("head")
    ended = pull.run(base)
    assert ended.code == 2, ended.log
    assert f"in the base {base[:12]}: {name}" in ended.summary


def test_a_push_to_an_open_branch_is_judged_by_what_it_will_be_merged_to(pull: Pull) -> None:
    base = pull.commit("base")
    pull.settings(MODEL, rules={"signature": "warn"})
    before = pull.commit("the author's own rules")
    pull.git("commit", "-q", "--allow-empty", "-m", "and another commit")
    push: dict[str, Any] = {"name": "push", "before": before, "ref": "refs/heads/topic"}
    push["repository"] = {"default_branch": "main"}
    pull.git("update-ref", "refs/remotes/origin/main", base)
    ended = pull.run("", event=push)
    assert (ended.code, "`policy/changed`" in ended.summary) == (1, True), ended.log


def test_a_tag_is_not_taken_for_the_base_branch(pull: Pull) -> None:
    base = pull.commit("base")
    pull.settings(MODEL, rules={"signature": "warn"})
    pull.commit("head")
    pull.git("update-ref", "refs/tags/refs/remotes/origin/main", "HEAD")
    ended = pull.run(base)
    assert (ended.code, "`policy/changed`" in ended.summary) == (1, True), ended.log


@pytest.mark.parametrize("merged", [False, True], ids=["the base alone", "the head"])
def test_what_is_judged_is_what_is_proposed(pull: Pull, merged: bool) -> None:
    base = pull.commit("base")
    pull.git("checkout", "-q", "-b", "topic")
    head = pull.git("commit", "-q", "--allow-empty", "-m", "head") or pull.git("rev-parse", "HEAD")
    if not merged:
        pull.git("checkout", "-q", "main")
    pull_request = {"base": {"sha": base, "ref": "main"}, "head": {"sha": head}}
    ended = pull.run(base, event={"name": "pull_request", "pull_request": pull_request})
    assert ended.code == (0 if merged else 2), ended.log
    assert ("the checkout is not what is proposed" in ended.summary) is not merged


ASKED: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "repository": ({**MODEL, "repo": UNSIGNED}, f"repository: `{REPO}` → `{UNSIGNED}`"),
    "revision": ({**MODEL, "revision": "main"}, "revision: `main`"),
    "include": ({**MODEL, "include": ["*"]}, "include: `'*'`"),
    "exclude": ({**MODEL, "exclude": ["README.md"]}, "exclude: `'README.md'`"),
    "profile": ({**MODEL, "profile": "signed"}, "profile: `baseline` → `signed`"),
    "another model": ({"repo": UNSIGNED, "revision": "main"}, f"repository: `{UNSIGNED}`"),
}


@pytest.mark.parametrize("case", ASKED)
def test_the_reviewer_sees_what_is_asked_for_otherwise(pull: Pull, case: str) -> None:
    after, said = ASKED[case]
    pull.desk.hub.commit(UNSIGNED, FIRST)
    base = pull.commit("base")
    pull.settings(*([MODEL] if "name" not in after else []), after)
    pull.locked()
    pull.commit("head")
    ended = pull.run(base)
    assert ended.code == 0, ended.log
    assert "**what is asked for**" in ended.summary
    assert said in ended.summary


def test_a_diff_alone_says_no_verdict(pull: Pull) -> None:
    base = pull.commit("base")
    ended = pull.run(base, command="diff")
    assert (ended.code, ended.outputs["verdict"]) == (0, "unjudged")
    pull.desk.lock.write_text("no lockfile [[")
    pull.commit("head")
    ended = pull.run(base, command="diff")
    assert (ended.code, ended.outputs["verdict"]) == (2, "error"), ended.log
    assert json.loads(ended.outputs["changed-models"]) is None
    assert "could not be compared" in ended.summary


FLOORS: Mapping[str, str] = {
    "made up": '{name = "tests", version = 999999},',
    "of nobody": '{name = "tests"},\n    {name = "other", version = 2},',
    "none": "",
}


@pytest.mark.parametrize("case", FLOORS)
def test_a_floor_in_the_head_s_lockfile_is_no_word_of_the_author_s(pull: Pull, case: str) -> None:
    base = pull.commit("base")
    text = pull.desk.lock.read_text()
    assert '{name = "tests"},' in text
    pull.desk.lock.write_text(text.replace('{name = "tests"},', FLOORS[case]))
    pull.commit("head")
    ended = pull.run(base)
    assert (ended.code, ended.outputs["verdict"]) == (4, "out-of-date"), ended.log
    assert "The lockfile is out of date" in ended.summary
    assert "registries changed" in ended.summary


@pytest.mark.parametrize("blocked", ["a folder", "no folder"])
def test_a_place_where_nothing_can_be_written_is_no_traceback(pull: Pull, blocked: str) -> None:
    base = pull.commit("base")
    name = "reports/out.sarif"
    if blocked == "a folder":
        (pull.desk.folder / name).mkdir(parents=True)
    ended = pull.run(base, sarif_file=name)
    assert ended.code != 0
    assert ended.outputs["sarif"] == ""
