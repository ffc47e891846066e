"""The history of attestations/README.md, typed as it stands there, and every way to cheat in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.servers import ours, told

pytestmark = pytest.mark.interop
ATTESTATIONS = Path(__file__).parents[2] / "attestations"
README = (ATTESTATIONS / "README.md").read_text()
STEPS = {
    "acme/sft": ("sft", ["base"]),
    "acme/grpo": ("grpo", ["sft"]),
    "acme/lora": ("sft", ["grpo"]),
    "acme/bot": ("merge", ["grpo", "lora"]),
    "acme/merged": ("merge", ["bot", "sft"]),
    "acme/bot-gguf": ("convert", ["merged"]),
    "acme/bot-int8": ("quantize", ["merged"]),
}
"""Of each model how it was made, and from which folders."""


def section(title: str) -> str:
    """What stands below a heading of the README."""
    return README.partition(f"## {title}\n")[2].partition("\n## ")[0]


def typed() -> str:
    """The lines of the history."""
    (lines,) = re.findall(r"```sh\n(.*?)```", section("A history that you can type"), re.DOTALL)
    return str(lines).partition("\n")[2]  # but the first, which leads into the folder


@dataclass(frozen=True, kw_only=True)
class History:
    """The folder in which everything was trained and attested."""

    top: Path
    said: str

    def verify(self, *words: str) -> subprocess.CompletedProcess[str]:
        return ours(self.top, "verify", *words)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    top = tmp_path_factory.mktemp("history")
    shutil.copytree(ATTESTATIONS / "history", top, dirs_exist_ok=True)
    programs = f"{told('PROVENANCE_TRAINERS')}:{os.environ['PATH']}"
    environment = {"PATH": programs, "HOME": str(top), "HF_HUB_OFFLINE": "1", "COLUMNS": "80"}
    ended = subprocess.run(
        ["bash", "-e", "-c", typed()], cwd=top, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    return History(top=top, said=ended.stdout)


def test_a_history_that_is_typed_verifies(history: History) -> None:
    assert "2 passed" in history.said
    assert "acme/bot-gguf by convert" in history.verify("bot-gguf", "-v").stdout
