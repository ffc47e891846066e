"""`provenance pin` from the outside: what the caller's own files load, against the lockfile."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provenance import manual
from provenance.lock import Entry, Lock, Part, dumps
from provenance.model import Manifest
from provenance.references import State
from tests.cli.conftest import Run
from tests.hub import Hub
from tests.hubs import REPO, desk, signed
from tests.references.cases import COMMIT, OTHER

IMPORT = "from transformers import AutoModel as M\n"
UNPINNED = f'{IMPORT}M.from_pretrained("acme/bot")\n'
PINNED = f'{IMPORT}M.from_pretrained("acme/bot", revision="{COMMIT}")\n'
RUNTIME = f"{IMPORT}M.from_pretrained(args.model)\n"


def entry(repo: str, commit: str, name: str = "", part: Part = Part.MODEL) -> Entry:
    digest = Manifest(files=()).digest
    return Entry(
        name=name or repo,
        repo=repo,
        commit=commit,
        part=part,
        basis="declared",
        profile="baseline",
        verdict="pass",
        manifest=digest,
        selected=digest,
    )


LOCK = Lock(
    entries=(
        entry("acme/bot", COMMIT),
        entry("acme/two", COMMIT, "new"),
        entry("acme/two", OTHER, "old"),
        entry("acme/parent", COMMIT, part=Part.ANCESTOR),
    )
)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with a lockfile, and src/ for what is read."""
    folder = tmp_path / "own"
    (folder / "src").mkdir(parents=True)
    (folder / "provenance.toml").write_text('[[models]]\nrepo = "acme/bot"\n')
    (folder / "provenance.lock").write_text(dumps(LOCK))
    return folder


CASES: dict[str, tuple[dict[str, str], int, list[tuple[str, str]]]] = {
    "as locked": ({"a.py": PINNED}, 0, [("locked", "pinned at")]),
    "without a revision": ({"a.py": UNPINNED}, 1, [("unpinned", "follows the branch main")]),
    "at a branch": ({"a.sh": "vllm serve acme/bot --revision v1\n"}, 1, [("unpinned", "'v1'")]),
    "at another commit": (
        {"a.py": PINNED.replace(COMMIT, OTHER)},
        1,
        [("differs", f"pinned at {OTHER}, provenance.lock has {COMMIT}")],
    ),
    "not locked": (
        {"a.py": PINNED.replace("acme/bot", "acme/other")},
        1,
        [("not-locked", "no such repository")],
    ),
    "an ancestor's commit": (
        {"a.py": PINNED.replace("acme/bot", "acme/parent")},
        1,
        [("not-locked", "no such repository")],
    ),
    "one of two that are locked": (
        {"a.py": PINNED.replace("acme/bot", "acme/two")},
        0,
        [("locked", "pinned at")],
    ),
    "a name of the run": ({"a.py": RUNTIME}, 3, [("unknown", "built at run time: args.model")]),
    "an unknown one and one that is not pinned": (
        {"a.py": RUNTIME, "b.py": UNPINNED},
        1,
        [("unknown", "run time"), ("unpinned", "main")],
    ),
    "Python 2": ({"a.py": "print 1\n"}, 3, [("unknown", "not Python 3 at line 1")]),
    "nothing by name": ({"a.py": "x = 1\n"}, 0, []),
    "a data set": (
        {"a.py": 'from datasets import load_dataset\nload_dataset("a/b")\n'},
        0,
        [("aside", "data set")],
    ),
    "folders that hold nobody's own": ({".venv/a.py": UNPINNED, "b.py": ""}, 0, []),
    "a workflow": (
        {".github/workflows/a.yml": "run: hf download acme/bot\n"},
        1,
        [("unpinned", "main")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_how_each_stands(run: Run, work: Path, name: str) -> None:
    files, code, rows = CASES[name]
    for path, text in files.items():
        (work / "src" / path).parent.mkdir(parents=True, exist_ok=True)
        (work / "src" / path).write_text(text)
    ended = run("pin", "--json", "src", cwd=work)
    assert ended.returncode == code, ended.stderr
    found = json.loads(ended.stdout)["references"]
    assert [row["state"] for row in found] == [state for state, _ in rows]
    for row, (_, words) in zip(found, rows, strict=True):
        assert words in row["reason"]


def told(run: Run, work: Path, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("pin", "--json", *words, cwd=work).stdout)
    return found


def test_the_page_names_every_field_and_state(run: Run, work: Path) -> None:
    (work / "a.py").write_text(UNPINNED)
    page = manual.topics()["json"].partition("provenance pin")[2]
    (row,) = told(run, work, "a.py")["references"]
    assert all(f'"{name}"' in page for name in row)
    assert "|".join(State) in page


def test_what_to_type_works_when_it_is_typed(run: Run, work: Path) -> None:
    (work / "a.py").write_text(UNPINNED)
    (work / "b.py").write_text(UNPINNED.replace("acme/bot", "acme/other"))
    first, second = told(run, work, "a.py", "b.py")["references"]
    assert first["next"] == f'revision="{COMMIT}"'
    assert second["next"] == "provenance add acme/other && provenance lock"
    ended = run("pin", "a.py", cwd=work)
    assert "a.py:2" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "next: provenance pin --fix a.py"
    again = run("pin", "--fix", "a.py", cwd=work)
    assert (again.returncode, (work / "a.py").read_text()) == (0, PINNED)


def test_a_fix_changes_what_is_certain_and_nothing_the_second_time(run: Run, work: Path) -> None:
    for name, text in {"a.py": UNPINNED, "b.py": RUNTIME, "c.sh": "hf download acme/bot\n"}.items():
        (work / "src" / name).write_text(text)
    (work / "src" / "a.py").chmod(0o755)
    assert run("pin", "--fix", "src", cwd=work).returncode == 3
    after = {path.name: path.read_bytes() for path in (work / "src").iterdir()}
    assert after == {
        "a.py": PINNED.encode(),
        "b.py": RUNTIME.encode(),
        "c.sh": f"hf download acme/bot --revision {COMMIT}\n".encode(),
    }
    assert (work / "src" / "a.py").stat().st_mode & 0o777 == 0o755
    seen = {path: path.stat().st_mtime_ns for path in (work / "src").iterdir()}
    assert run("pin", "--fix", "src", cwd=work).returncode == 3
    assert {path: path.stat().st_mtime_ns for path in (work / "src").iterdir()} == seen


def linked(work: Path) -> Path:
    (work / "real.py").write_text(UNPINNED)
    (work / "src" / "a.py").symlink_to(work / "real.py")
    return work / "real.py"


def linked_folder(work: Path) -> Path:
    (work / "else").mkdir()
    (work / "else" / "a.py").write_text(UNPINNED)
    (work / "src" / "b.py").write_text("")
    (work / "src" / "more").symlink_to(work / "else")
    return work / "else" / "a.py"


def second_name(work: Path) -> Path:
    (work / "real.py").write_text(UNPINNED)
    os.link(work / "real.py", work / "src" / "a.py")
    return work / "real.py"


@pytest.mark.parametrize("lay", [linked, linked_folder, second_name])
def test_what_lies_elsewhere_is_not_written(
    run: Run, work: Path, lay: Callable[[Path], Path]
) -> None:
    real = lay(work)
    ended = run("pin", "--fix", "src", cwd=work)
    assert ended.returncode in (0, 1)
    assert real.read_text() == UNPINNED
    assert ("not edited" in ended.stderr) == (lay is not linked_folder)


def test_a_local_folder_is_none_of_a_hubs(run: Run, work: Path) -> None:
    (work / "a.py").write_text(UNPINNED)
    (work / "acme" / "bot").mkdir(parents=True)
    assert told(run, work, "a.py")["references"] == []


def test_two_locked_commits_are_both_named_and_neither_is_chosen(run: Run, work: Path) -> None:
    text = UNPINNED.replace("acme/bot", "acme/two")
    (work / "a.py").write_text(text)
    assert run("pin", "--fix", "a.py", cwd=work).returncode == 1
    (row,) = told(run, work, "a.py")["references"]
    assert (row["expected"], row["next"]) == (None, "give one of the commits that are locked")
    assert (work / "a.py").read_text() == text


USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "no path": ((), "Missing argument"),
    "a path that is not there": (("gone",), "found nothing"),
    "a folder without a file": (("empty",), "has no file of Python"),
    "a lockfile that is none": (("--lockfile", "provenance.toml", "src"), "provenance.toml"),
    "a lockfile that is not there": (("--lockfile", "gone.lock", "src"), "gone.lock"),
}


@pytest.mark.parametrize("name", USAGE)
def test_usage(run: Run, work: Path, name: str) -> None:
    words, said = USAGE[name]
    (work / "empty").mkdir()
    (work / "src" / "a.py").write_text("")
    ended = run("pin", *words, cwd=work)
    assert ended.returncode == 2, ended.stdout
    assert said in ended.stderr


def test_a_file_of_another_kind_that_is_named_is_unknown(run: Run, work: Path) -> None:
    (work / "a.txt").write_text("vllm serve acme/bot")
    os.mkfifo(work / "pipe.py")
    ended = run("pin", "a.txt", "pipe.py", cwd=work)
    assert ended.returncode == 3
    assert "no reader knows" in ended.stdout
    assert "not a regular file" in ended.stdout


def test_annotations_stand_at_the_lines(run: Run, work: Path) -> None:
    (work / "src" / "a.py").write_text(UNPINNED + RUNTIME + PINNED)
    lines = run("pin", "--format", "github", "src", cwd=work).stdout.splitlines()
    assert lines[0].startswith("::error file=src/a.py,line=2,title=pin/unpinned::")
    assert lines[1].startswith("::warning file=src/a.py,line=4,title=pin/unknown::")
    assert lines[2:] == ["3 references in 1 file: 1 locked, 1 unpinned, 1 unknown"]


HOSTILE = '{0}M.from_pretrained("acme/bot", revision="\\x1b[2J\\n::error::x")\n'


@pytest.mark.parametrize("form", ["human", "github"])
def test_what_a_file_says_moves_no_cursor_and_commands_nobody(
    run: Run, work: Path, form: str
) -> None:
    (work / "src" / "a.py").write_text(HOSTILE.format(IMPORT))
    said = run("pin", "--format", form, "src", cwd=work).stdout
    assert "\x1b" not in said
    assert not any(line.startswith("::error::") for line in said.splitlines())


def test_quiet_shows_only_what_is_to_be_done(run: Run, work: Path) -> None:
    (work / "a.py").write_text(PINNED)
    assert run("pin", "-q", "a.py", cwd=work).stdout.strip() == ""
    (work / "b.py").write_text(UNPINNED)
    said = run("pin", "-q", "a.py", "b.py", cwd=work).stdout
    assert "b.py:2" in said
    assert "a.py:2" not in said


def test_from_lock_to_pinned_code(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        head = hub.commit(REPO, signed(tmp_path / "m"))
        own = desk(tmp_path, hub)
        own.locked({"repo": REPO})
        hub.clear()
        (own.folder / "serve.sh").write_text(f"vllm serve {REPO} --port 80\n")
        assert own.run("pin", "serve.sh").returncode == 1
        ended = own.run("pin", "--fix", "serve.sh")
        assert ended.returncode == 0, ended.stdout
        assert (own.folder / "serve.sh").read_text() == (
            f"vllm serve {REPO} --revision {head} --port 80\n"
        )
        assert hub.requests == []
