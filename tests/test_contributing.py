"""The map for contributors is true: its rooms are the package's, in the order of the rows."""

from __future__ import annotations

import ast
import re
from itertools import chain, pairwise
from pathlib import Path

import pytest

from tests.test_architecture import MODULES, PACKAGE, ROWS, room, row

TOP = Path(__file__).parent.parent
GUIDE = (TOP / ".github" / "CONTRIBUTING.md").read_text()
DECISIONS = sorted((TOP / ".github" / "decisions").glob("*.md"))
LINE = re.compile(r"^\| ((?:`\w+` ?)+)\| .+ \|$", re.MULTILINE)
PATH = re.compile(r"`((?:provenance|tests|\.ci)/[\w./-]+?)/?`")
SHORT = re.compile(r"`((?:checks|claims|workspace|policy)/\w+\.py)`")
EFFECTS = {*re.findall(r"`(\w+)`", GUIDE.partition("Only `source`")[2].partition(";")[0]), "source"}
TOUCHES = {"read_bytes", "read_text", "write_bytes", "write_text", "mkdir", "unlink", "iterdir"}
PARTS = ("**Decided.**", "**Why.**", "**Rejected.**", "**What it costs.**", "**Held by**")
MAP = [re.findall(r"`(\w+)`", rooms) for rooms in LINE.findall(GUIDE)]
"""The rooms of each line of the map."""


def test_the_map_names_every_room_once_and_no_other() -> None:
    rooms = {room(path) for path in MODULES} - {"__init__", "__main__"}
    assert sorted(chain(*MAP)) == sorted(rooms)
    assert rooms | {"__init__", "__main__"} == set(chain(*ROWS))


def test_the_map_goes_upwards() -> None:
    for lower, upper in pairwise(MAP):
        assert min(map(row, lower)) <= min(map(row, upper)), (lower, upper)


def test_the_map_fits_on_a_page() -> None:
    assert len(MAP) <= 20


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_rooms_that_the_third_rule_names_touch_files(path: Path) -> None:
    """But for what lies in the package itself, which is had by `importlib.resources`."""
    text = path.read_text()
    if room(path) in EFFECTS or "from importlib import resources" in text:
        return
    for node in ast.walk(ast.parse(text)):
        called = node.func if isinstance(node, ast.Call) else None
        assert not (isinstance(called, ast.Attribute) and called.attr in TOUCHES)
        assert not (isinstance(called, ast.Name) and called.id == "open")


@pytest.mark.parametrize("path", PATH.findall(GUIDE))
def test_a_path_that_a_recipe_names_is_there(path: str) -> None:
    assert (TOP / path).exists() or path.endswith(("NAME", "NAME.py"))


@pytest.mark.parametrize("path", SHORT.findall(GUIDE))
def test_a_module_that_a_recipe_names_is_there(path: str) -> None:
    assert (PACKAGE / path).is_file()


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_says_why_what_was_rejected_and_what_holds_it(file: Path) -> None:
    text = file.read_text()
    assert [text.count(part) for part in PARTS] == [1] * len(PARTS)
    held = re.findall(r"`(tests/[\w./]+)`", text.partition(PARTS[-1])[2])
    assert held
    assert all((TOP / path).exists() for path in held)
