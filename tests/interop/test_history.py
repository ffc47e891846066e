"""The history of attestations/README.md, typed as it stands there, and every way to cheat in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.cheats import CHEATS
from tests.interop.servers import ours, told
from tests.interop.statements import CLAIMS, read_by_others

pytestmark = pytest.mark.interop
ATTESTATIONS = Path(__file__).parents[2] / "attestations"
README = (ATTESTATIONS / "README.md").read_text()
STEPS = {
    "acme/sft": ("sft", 1),
    "acme/grpo": ("grpo", 1),
    "acme/lora": ("sft", 1),
    "acme/bot": ("merge", 2),
    "acme/merged": ("merge", 2),
    "acme/bot-gguf": ("convert", 1),
    "acme/bot-int8": ("quantize", 1),
}
"""Of each model how it was made, and of how many others."""
PAGE = "What a chain of statements can and cannot show"


def section(title: str) -> str:
    """What stands below a heading of the README."""
    return README.partition(f"## {title}\n")[2].partition("\n## ")[0]


def typed() -> str:
    """The lines of the history but the first, which leads into its folder."""
    (lines,) = re.findall(r"```sh\n(.*?)```", section("A history that you can type"), re.DOTALL)
    return str(lines).partition("\n")[2]


def rows(title: str) -> dict[str, str]:
    """The first table below a heading: what stands in its two columns."""
    lines = section(title).partition("\n\nAnd ")[0].splitlines()
    cells = [line.split("|")[1:3] for line in lines if "|" in line]
    return {cheat.strip(): said for cheat, said in cells[2:]}


@dataclass(frozen=True, kw_only=True)
class History:
    """The folder in which everything was trained and attested, and what was said meanwhile."""

    top: Path
    said: str = ""

    def wrong(self, folder: str, repo: str) -> dict[str, str]:
        """What is said against the model in a folder of it, by rule."""
        ended = ours(self.top, "verify", folder, "--as", repo, "--policy", "asked.toml", "--json")
        (model,) = json.loads(ended.stdout)["models"]
        return {
            one["rule"]: one["message"]
            for one in model["findings"]
            if one["outcome"] in ("fail", "unknown")
        }


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    top = tmp_path_factory.mktemp("history")
    shutil.copytree(ATTESTATIONS / "history", top, dirs_exist_ok=True)
    programs = (told("PROVENANCE_TRAINERS"), Path(sys.executable).parent, os.environ["PATH"])
    path = ":".join(map(str, programs))
    environment = {"PATH": path, "HOME": str(top), "HF_HUB_OFFLINE": "1", "COLUMNS": "80"}
    ended = subprocess.run(
        ["bash", "-e", "-c", typed()], cwd=top, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    asked = (top / "provenance.toml").read_text().replace('"attested"', '"baseline"')
    demands = 'data_pinned = true\n\n[policy.rules]\nlineage = "require"\n\n[[models]]'
    (top / "asked.toml").write_text(asked.replace("\n[[models]]", demands, 1))
    return History(top=top, said=ended.stdout)


def test_a_history_that_is_typed_verifies(history: History) -> None:
    assert "2 passed" in history.said
    for model in STEPS.keys() - {"acme/bot-int8"}:
        assert f"── {model}" in history.said or f"{model}  " in history.said


@pytest.mark.parametrize("folder", ["gguf", "int8"])
def test_others_read_every_statement(folder: str, history: History) -> None:
    lines = (history.top / folder / CLAIMS).read_text().splitlines()
    read = {
        one.build_definition.external_parameters["model"]: one for one in map(read_by_others, lines)
    }
    assert read.keys() == STEPS.keys() - {"acme/bot-gguf", "acme/bot-int8"} | {f"acme/bot-{folder}"}
    for model, one in read.items():
        method, parents = STEPS[model]
        names = [dependency.name for dependency in one.build_definition.resolved_dependencies]
        assert (one.build_definition.external_parameters["method"], names.count("parent")) == (
            method,
            parents,
        )
        assert one.run_details.metadata.invocation_id
        assert one.run_details.metadata.finished_on.seconds
        assert one.build_definition.internal_parameters["environment"]


def test_every_cheat_of_the_page_is_tried() -> None:
    assert rows(PAGE).keys() == CHEATS.keys()


@pytest.mark.parametrize("what", CHEATS)
def test_a_cheat_is_found(what: str, history: History, tmp_path: Path) -> None:
    case = CHEATS[what]
    rule, *_ = re.findall(r"`(lineage/[\w-]+)`", rows(PAGE)[what])
    assert rule not in history.wrong(case.folder, case.repo)
    shutil.copytree(history.top, tmp_path / "copy", symlinks=True)
    case.cheat(tmp_path / "copy")
    found = History(top=tmp_path / "copy").wrong(case.folder, case.repo)
    assert rule in found, found
