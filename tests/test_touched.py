"""`pytest --touched` chooses what is near a change, says why, and leaves nothing out in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.nearness import Graph, Nearness, choose
from tests.touched import changes

HERE = Path(__file__).parent
TEXTS: Mapping[str, str] = {
    "provenance/__init__.py": "from provenance.api import verify as verify\n",
    "provenance/api.py": "def verify():\n    from provenance.formats import toml\n",
    "provenance/deep.py": "",
    "provenance/middle.py": "import provenance.deep\n",
    "provenance/top.py": "from provenance import middle\n",
    "provenance/formats/__init__.py": "",
    "provenance/formats/toml.py": "",
    "provenance/formats/yaml.py": 'TABLE = Path(__file__).parent / "table.json"\n',
    "tests/helper.py": "from provenance.formats import (\n    toml,\n    yaml,\n)\n",
    "tests/test_api.py": "from provenance import verify\n",
    "tests/test_top.py": "import provenance.top\n",
    "tests/test_page.py": 'PAGE = Path(__file__).parents[1] / "README.md"\n',
    "tests/test_card.py": 'CARD = {"README.md": b"# A model"}\n',
    "tests/test_cases.py": 'CASES = Path(__file__).parent / "cases"\n',
    "tests/formats/test_toml.py": "",
    "tests/formats/test_odd.py": "",
    "tests/cli/test_toml.py": "",
    "tests/cli/test_helped.py": "from tests import helper\n",
}
N = Nearness
NEAR: Mapping[str, Mapping[str, Nearness]] = {
    "tests/test_top.py": {"tests/test_top.py": N.CHANGED},
    "tests/test_gone.py": {},
    "tests/helper.py": {"tests/cli/test_helped.py": N.IMPORTS},
    "provenance/api.py": {"tests/test_api.py": N.NAMESAKE},
    "provenance/formats/toml.py": {
        "tests/formats/test_toml.py": N.NAMESAKE,
        "tests/formats/test_odd.py": N.ROOM,
        "tests/cli/test_helped.py": N.FURTHER,
        "tests/test_api.py": N.FURTHER,
    },
    "provenance/formats/table.json": {
        "tests/formats/test_toml.py": N.ROOM,
        "tests/formats/test_odd.py": N.ROOM,
    },
    "provenance/middle.py": {"tests/test_top.py": N.FURTHER},
    "provenance/deep.py": {"tests/test_top.py": N.FURTHER},
    "tests/cases/format/odd.toml": {"tests/test_cases.py": N.IMPORTS},
    "README.md": {"tests/test_page.py": N.IMPORTS},
    "tests/cli/conftest.py": {
        "tests/cli/test_toml.py": N.ROOM,
        "tests/cli/test_helped.py": N.ROOM,
    },
    "tests/conftest.py": dict.fromkeys((path for path in TEXTS if "/test_" in path), N.ROOM),
    "LICENSE": {},
}


@pytest.mark.parametrize("path", NEAR)
def test_what_is_near_is_chosen_and_nothing_else(path: str) -> None:
    chosen = choose(Graph(TEXTS), [path])
    assert {choice.path: choice.nearness for choice in chosen} == NEAR[path]


def test_the_nearest_come_first_and_the_best_reason_counts() -> None:
    chosen = choose(Graph(TEXTS), ["provenance/formats/toml.py", "tests/formats/test_odd.py"])
    assert [choice.nearness for choice in chosen] == sorted(choice.nearness for choice in chosen)
    assert chosen[0].path == "tests/formats/test_odd.py"
    assert len({choice.path for choice in chosen}) == len(chosen) == 4


def test_of_those_equally_near_the_slow_come_last() -> None:
    slow = {
        "tests/program.py": "",
        "tests/desk.py": "from tests import program\n",
        "tests/formats/test_a.py": "from tests.desk import run\n",
    }
    chosen = choose(Graph({**TEXTS, **slow}), ["provenance/formats/yaml.py"])
    assert [choice.path for choice in chosen if choice.nearness is N.ROOM] == [
        "tests/formats/test_odd.py",
        "tests/formats/test_toml.py",
        "tests/formats/test_a.py",
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one commit, with the plug-in, a module, its test and the test of another."""
    for name in ("touched.py", "nearness.py", "__init__.py"):
        (tmp_path / "tests").mkdir(exist_ok=True)
        shutil.copy(HERE / name, tmp_path / "tests")
    for path, text in {
        ".gitignore": "__pycache__/\n",
        "tests/conftest.py": 'pytest_plugins = ["tests.touched"]\n',
        "provenance/__init__.py": "",
        "provenance/one.py": "ONE = 1\n",
        "tests/test_one.py": "from provenance.one import ONE\n\ndef test() -> None:\n"
        "    assert ONE == 1\n",
        "tests/test_other.py": "def test() -> None:\n    assert True\n",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    own = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *own, *words], cwd=folder, check=True)


def touched(folder: Path, *words: str) -> tuple[int, str]:
    """The exit code of pytest, and what it said."""
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_a_change_runs_its_test_alone_and_fails_where_it_should(repository: Path) -> None:
    (repository / "provenance" / "one.py").write_text("ONE = 2\n")
    (repository / "NEW").write_text("")
    code, said = touched(repository, "--touched", "-q")
    assert (code, "1 failed" in said) == (1, True), said
    assert "touched: named after what changed: tests/test_one.py" in said
    assert "touched: no test is near NEW" in said
    assert "test_other" not in said
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "second")
    code, said = touched(repository, "--touched=HEAD~1", "-q")
    assert (code, "1 failed" in said) == (1, True), said


def test_what_no_time_was_left_for_is_named_by_every_worker(repository: Path) -> None:
    plugin = repository / "tests" / "touched.py"
    plugin.write_text(plugin.read_text().replace("SECONDS = 10.0", "SECONDS = 0.0"))
    git(repository, "commit", "-qam", "no time")
    (repository / "provenance" / "one.py").write_text("ONE = 2\n")
    code, said = touched(repository, "-p", "xdist.plugin", "-n", "1", "--touched")
    assert (code, "1 skipped" in said) == (0, True), said
    assert "1 tests were not begun within 0 seconds" in said
    assert "python -m pytest tests/test_one.py" in said


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ("HEAD", "nothing differs from HEAD: name an older commit, as in --touched=HEAD~1"),
        ("nowhere", "--touched: git merge-base: fatal: Not a valid object name nowhere"),
    ],
)
def test_no_change_at_all_is_no_success(repository: Path, revision: str, expected: str) -> None:
    with pytest.raises(pytest.UsageError) as caught:
        changes(repository, revision)
    assert str(caught.value).startswith(expected)


def test_a_change_that_no_test_is_near_is_no_success(repository: Path) -> None:
    (repository / "LICENSE").write_text("")
    code, said = touched(repository, "--touched")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "no test is near LICENSE: run them all" in said
