"""The children of the table, made by their tools and published on a loopback Hub."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hub import Hub

HERE = Path(__file__).parent
WAVES = (("bases",), ("tuned", "adapters"))
"""Kinds of makers: what one wave makes, the next finds on the Hub."""
QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A row of the table."""

    name: str
    by: str
    named: Sequence[str]

    @property
    def repo(self) -> str:
        """What it is published as."""
        return f"acme/{self.name}"


def _read() -> tuple[Child, ...]:
    table = tomllib.loads((HERE / "children.toml").read_text("utf-8"))
    return tuple(Child(**row) for row in table["child"])


CHILDREN = _read()


def make(python: Path, hub: Hub, folder: Path) -> dict[str, str]:
    """Every repository is made below `folder` and published; of those that are not, the reason."""
    made, home = folder / "made", folder / "tools"
    made.mkdir()
    home.mkdir()
    failed: dict[str, str] = {}
    for kinds in WAVES:
        said = _run(python, hub, made, home, kinds)
        for row in map(json.loads, said.splitlines()):
            if row["error"]:
                failed[row["name"]] = row["error"]
            else:
                hub.commit(f"acme/{row['name']}", files(made / row["name"]))
    return failed


def _run(python: Path, hub: Hub, made: Path, home: Path, kinds: Sequence[str]) -> str:
    own = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(HERE.parents[2])}
    with (home / "errors.txt").open("a") as errors:
        ended = subprocess.run(
            [python, "-m", "tests.interop.children.make", made, *kinds],
            cwd=home,
            env={**own, **QUIET, "HF_ENDPOINT": hub.url},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            timeout=600,
            check=False,
        )
    assert ended.returncode == 0, (home / "errors.txt").read_text()[-2000:]
    return ended.stdout


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
