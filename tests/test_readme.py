"""The README and the pages of the manual say what the program does, and say it once."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from provenance import manual
from provenance.checks.table import CHECKS
from provenance.policy import PROFILES
from tests import forge, program
from tests.hub import Hub
from tests.hubs import card, desk

TOP = Path(__file__).parent.parent
README = TOP / "README.md"
PAGES = sorted((TOP / "provenance" / "manual").glob("*.md"))
DOCUMENTS = [README, *PAGES, *sorted((TOP / ".github").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
LISTED = re.compile(r"^- \[`(\w+)`\]\(provenance/manual/(\w+)\.md\): (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
SED = re.compile(r"\$\((sed -n '.+' \S+)\)")
WORD = re.compile(r"`([a-z]+)`")
HASHES = (
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:<manifest>"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<commit>"),
    (re.compile(r"\b[0-9a-f]{24}\b"), "<id>"),
)
"""What differs between the README's model and the one that stands for it here."""


def test_it_is_short_and_its_first_screen_runs_something() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) < 200
    assert any(line.startswith("provenance verify ") for line in lines[:24])


def block(text: str, language: str) -> str:
    """The first block of a language."""
    return text.partition(f"```{language}\n")[2].partition("```")[0]


def stand_in() -> dict[str, bytes]:
    """Files named as those of the README's model: a base model of data alone, unsigned."""
    small = ("generation_config", "special_tokens_map", "tokenizer", "tokenizer_config", "vocab")
    return {
        ".gitattributes": b"*.safetensors filter=lfs\n",
        "README.md": card("license: apache-2.0"),
        "config.json": b'{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}',
        "merges.txt": b"#version: 0.2\n",
        "model.safetensors": forge.safetensors(bytes(64)),
        **{f"{name}.json": b"{}" for name in small},
    }


def test_the_first_example_prints_what_the_readme_shows(tmp_path: Path) -> None:
    text = README.read_text()
    line = next(line for line in text.splitlines() if line.startswith("provenance verify "))
    words = shlex.split(line, comments=True)[1:]
    with Hub(tmp_path) as hub:
        hub.commit(words[1].partition("@")[0], stand_in())
        ended = desk(tmp_path, hub).run(*words)
    printed = ended.stdout
    for pattern, name in HASHES:
        printed = pattern.sub(name, printed)
    assert printed == block(text, "text")
    assert ended.returncode == 0


@pytest.mark.parametrize("section", ["What loading brings along", "Whose weights they are"])
def test_an_example_fails_as_the_readme_shows(tmp_path: Path, section: str) -> None:
    told = README.read_text().partition(f"## {section}")[2]
    named = re.search(r"`cd (\S+) && provenance verify`", told)
    assert named
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    ended = program.run(
        ["verify"], TOP / named[1], {**kept, "HOME": str(tmp_path), "COLUMNS": "80"}
    )
    lines = iter(ended.stdout.splitlines())
    shown = block(told, "text").splitlines()
    assert [line for line in shown if line not in lines] == []
    assert ended.returncode == 1


def test_every_page_is_listed_once() -> None:
    told = README.read_text().partition("## Pages")[2].partition("\n## ")[0]
    listed = re.findall(r"\[`(\w+)`\]\(provenance/manual/(\w+)\.md\)", told)
    assert sorted(listed) == sorted((name, name) for name in manual.topics())


def test_the_readme_names_every_check_and_profile() -> None:
    said = README.read_text().partition("## What is checked")[2].partition("\n## ")[0]
    names = {*CHECKS, *(profile.name for profile in PROFILES)}
    assert names == set(WORD.findall(said))


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    rows = ROW.findall(manual.topics()["settings"])
    for profile in PROFILES:
        assert f"`{profile.name}` | {', '.join(profile.checks)} | {profile.signature}" in rows
    for name, entry in CHECKS.items():
        assert f"`{name}` | {entry.asks}" in rows
    headings = 2
    assert len(rows) == len(PROFILES) + len(CHECKS) + headings


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(TOP)))
def test_a_link_leads_somewhere(file: Path) -> None:
    for target in LINK.findall(file.read_text()):
        assert (file.parent / target).exists(), target


def test_what_runs_before_a_merge_finds_its_lines() -> None:
    commands = SED.findall((TOP / ".ci" / "run").read_text())
    assert len(commands) == 3
    for command in commands:
        found = subprocess.run(
            ["bash", "-c", command], cwd=TOP, capture_output=True, text=True, check=True
        )
        assert "provenance" in found.stdout or "pytest" in found.stdout
