"""Several provenance.toml in one repository: which are judged, and that none speaks for another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.action.runner import Ended, Pull
from tests.action.test_bumps import MODEL

A, B = "services/a", "services/b"


@pytest.fixture
def two(pull: Pull) -> Pull:
    """Two services with rules and a lockfile each, and one registry for both."""
    for folder in (A, B):
        place = pull.desk.folder / folder
        place.mkdir(parents=True)
        for name in ("provenance.toml", "provenance.lock"):
            shutil.copy(pull.desk.folder / name, place / name)
        settings = place / "provenance.toml"
        settings.write_text(settings.read_text().replace("trust.toml", "../../trust.toml"))
    for name in ("provenance.toml", "provenance.lock"):
        (pull.desk.folder / name).unlink()
    return pull


def touch(name: str) -> Callable[[Pull], object]:
    def change(pull: Pull) -> object:
        file = pull.desk.folder / name
        return file.write_text(f"{file.read_text() if file.exists() else ''}\n# touched\n")

    return change


def folder_gone(pull: Pull) -> object:
    shutil.rmtree(pull.desk.folder / A)
    return touch(f"{B}/app.py")(pull)


def judged(ended: Ended) -> set[str]:
    """The folders that have a part in the summary."""
    return {folder for folder in (A, B) if f"# ` {folder}/provenance.lock `" in ended.summary}


def settings_below(pull: Pull) -> object:
    """A service gets settings of its own inside the other's, and a file there changes."""
    place = pull.desk.folder / A / "sub"
    place.mkdir()
    shutil.copy(pull.desk.folder / B / "provenance.toml", place)
    shutil.copy(pull.desk.folder / B / "provenance.lock", place)
    return touch(f"{A}/sub/model.bin")(pull)


TOUCHED: Mapping[str, tuple[Callable[[Pull], object], set[str]]] = {
    "a file of one": (touch(f"{A}/app.py"), {A}),
    "what both share": (touch("README.md"), {A, B}),
    "one that goes, as a whole": (folder_gone, {B}),
}


@pytest.mark.parametrize("case", TOUCHED)
def test_what_the_change_touches_is_judged(two: Pull, case: str) -> None:
    change, expected = TOUCHED[case]
    base = two.commit("base")
    change(two)
    two.commit("head")
    ended = two.run(base, working_directory="changed")
    assert (ended.code, judged(ended)) == (0, expected), ended.log


def test_settings_that_come_below_others_hide_nothing_from_them(two: Pull) -> None:
    base = two.commit("base")
    settings_below(two)
    touch(f"{B}/app.py")(two)
    two.commit("head")
    ended = two.run(base, working_directory="changed")
    assert judged(ended) == {A, B}, ended.log


def test_a_folder_that_fails_is_not_covered_by_one_that_passes(two: Pull) -> None:
    base = two.commit("base")
    settings = two.desk.folder / A / "provenance.toml"
    settings.write_text(settings.read_text() + '\n[policy.rules]\nsignature = "warn"\n')
    two.commit("head")
    two.stub("gh", f'case "$*" in *--paginate*) ;; *) cat >> "{two.temp}/bodies" ;; esac')
    ended = two.run(base, working_directory=f"{A}\n{B}", sarif_file="out.sarif", comment="true")
    assert (ended.code, ended.outputs["verdict"], judged(ended)) == (1, "fail", {A, B}), ended.log
    runs = json.loads((two.desk.folder / "out.sarif").read_text())["runs"]
    assert [run["automationDetails"]["id"] for run in runs] == [
        f"provenance/{folder}/provenance.lock/" for folder in (A, B)
    ]
    assert [bool(run["results"]) for run in runs] == [True, False]
    bodies = (two.temp / "bodies").read_text().replace("}{", "}\n{").splitlines()
    marks = [json.loads(body)["body"].partition("\n")[0] for body in bodies]
    assert len(set(marks)) == len(marks) == 2
    assert all(mark.startswith("<!-- provenance: ") for mark in marks)


def test_settings_that_go_and_leave_a_lockfile_are_missed(two: Pull) -> None:
    base = two.commit("base")
    (two.desk.folder / A / "provenance.toml").unlink()
    two.commit("head")
    ended = two.run(base, working_directory="changed")
    assert (ended.code, ended.outputs["verdict"]) == (2, "error"), ended.log


WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "outside": ({"working_directory": "../x"}, "expected a folder of the checkout"),
    "not there": ({"working_directory": "nowhere"}, "there is no folder nowhere"),
    "a link": ({"working_directory": "link"}, "its folder is a link here"),
    "a lockfile for two": (
        {"working_directory": f"{A}\n{B}", "lockfile": "provenance.lock"},
        "lockfile: names one",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_folder_is_refused(two: Pull, case: str) -> None:
    inputs, said = WRONG[case]
    (two.desk.folder / "link").symlink_to(A)
    ended = two.run(two.commit("base"), **inputs)
    assert (ended.code, said in ended.summary) == (2, True), ended.log


def test_a_checkout_of_another_user_is_named_with_the_way_out(pull: Pull) -> None:
    base = pull.commit("base")
    pull.stub("git", 'echo "fatal: detected dubious ownership in repository" >&2; exit 128')
    pull.stub("gh", f'case "$*" in *--paginate*) ;; *) cat > "{pull.temp}/body" ;; esac')
    ended = pull.run(base, sarif_file="out.sarif", comment="true")
    assert (ended.code, ended.outputs["verdict"]) == (2, "error")
    body = json.loads((pull.temp / "body").read_text())["body"]
    for text in (ended.log, ended.summary, body, Path(pull.desk.folder / "out.sarif").read_text()):
        assert f"belongs to the user {pull.desk.folder.stat().st_uid}" in text
        assert "chown -R" in text
    assert ended.outputs["sarif"] == "out.sarif"
    assert MODEL["name"] not in ended.summary
