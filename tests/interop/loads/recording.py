"""Runs the loads in the loaders' environment, and says what each asked the Hub for."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.hub import Answer, Hub, Request
from tests.hub.answers import answer
from tests.hub.values import document
from tests.interop.loads.repositories import COMMIT
from tests.interop.loads.table import LOADS, Load

HERE = Path(__file__).parent
MARK = "/-/"
KERNELS = re.compile(r"/(api/)?kernels/")
OF_NO_MODEL = re.compile(r"/cdn/.*|/api/organizations/.*|/api/agent-harnesses|/api/kernels/.*/refs")
"""What is no file of a repository, and what names every revision of one."""
ALWAYS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
FILE = re.compile(r"(?:/kernels)?/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
API = re.compile(r"/api/(?:models|kernels)/([^/]+/[^/]+)(?:/[a-z-]+/([^/]+))?.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: `path` is empty where the Hub's API was asked about a repository."""

    repo: str
    revision: str
    path: str
    present: bool

    @property
    def name(self) -> str:
        """The repository at the revision."""
        return f"{self.repo}@{self.revision or 'main'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a load asked for, in this order, and how it ended."""

    load: Load
    pinned: bool
    error: str
    """Empty where it loaded."""
    seconds: float
    outside: tuple[str, ...]
    """Other machines that it wanted to speak to."""
    asked: tuple[Asked, ...]

    @property
    def name(self) -> str:
        """The load's name, and how the repository was named."""
        return title(self.load, self.pinned)

    @property
    def elsewhere(self) -> list[Asked]:
        """The other repositories, each as it was first asked for: what follows is its commit."""
        others: dict[str, Asked] = {}
        for asked in self.asked:
            if asked.repo != self.load.repo:
                others.setdefault(asked.repo, asked)
        return list(others.values())


def title(load: Load, pinned: bool) -> str:
    """The name of a load with, or without, a revision."""
    return f"{load.name} @ {'commit' if pinned else 'main'}"


def ways(loads: Iterable[Load]) -> list[tuple[Load, bool]]:
    """Each load as often as it is made."""
    return [(load, pinned) for load in loads for pinned in load.pins]


EACH = pytest.mark.parametrize(
    ("load", "pinned"), ways(LOADS), ids=[title(*way) for way in ways(LOADS)]
)
"""A test that is made of every load."""


def item(load: Load, pinned: bool, commits: Mapping[str, str]) -> dict[str, Any]:
    """A load as the driver reads it."""
    return {
        "name": title(load, pinned),
        "script": COMMIT.sub(lambda name: commits[name[1]], load.script),
        "repo": load.repo,
        "at": {"revision": commits[load.repo]} if pinned else {},
    }


def make(python: Path, folder: Path) -> Path:
    """The folder with the tiny models, one folder each; one that is there is taken as it is."""
    if not folder.exists():
        folder.mkdir()
        words: list[str | Path] = [python, "-m", "tests.interop.loads.make", folder]
        _run(words, folder.parent, {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(HERE.parents[2])})
    return folder


def driving(
    python: Path, folder: Path, commits: Mapping[str, str], made: Sequence[tuple[Load, bool]]
) -> list[str | Path]:
    """The command that makes these loads, and prints a line about each."""
    loads = folder / "loads.json"
    loads.write_text(json.dumps([item(load, pinned, commits) for load, pinned in made]))
    return [python, HERE / "driver.py", folder, loads]


def record(
    python: Path, hub: Hub, folder: Path, commits: Mapping[str, str], loads: Sequence[Load]
) -> list[Recorded]:
    """Every load with an empty cache; `commits` are those of `publish`."""
    made = ways(loads)
    answered: list[tuple[str, int]] = []

    def noted(request: Request, found: Answer) -> Answer:
        found = _with_kernels(hub, request, found)
        answered.append((unquote(request.target), found.status))
        return found

    hub.on("", noted)
    words = driving(python, folder, commits, made)
    said = _run(words, folder, {"HF_ENDPOINT": hub.url})
    hub.calm()
    results = {row["name"]: row for row in map(json.loads, said.splitlines())}
    asked = _by_load(answered)
    return [
        _recorded(load, pinned, results[title(load, pinned)], asked[title(load, pinned)])
        for load, pinned in made
    ]


def _recorded(
    load: Load, pinned: bool, result: Mapping[str, Any], asked: Sequence[Asked]
) -> Recorded:
    return Recorded(
        load=load,
        pinned=pinned,
        error=result["error"],
        seconds=result["seconds"],
        outside=tuple(result["outside"]),
        asked=tuple(asked),
    )


def _with_kernels(hub: Hub, request: Request, found: Answer) -> Answer:
    """The answer of a Hub that has kernels, where this one has models, and trusts who has them."""
    if KERNELS.match(request.target):
        target = KERNELS.sub(lambda match: "/api/models/" if match[1] else "/", request.target, 1)
        return answer(hub, replace(request, target=target, path=unquote(target)))
    if request.target.startswith("/api/organizations/") and isinstance(found.body, bytes):
        return document({**json.loads(found.body), "trustedKernelPublisher": True})
    return found


def _by_load(answered: Iterable[tuple[str, int]]) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = {}
    current: list[Asked] = []
    for path, status in answered:
        if path.startswith(MARK):
            current = found.setdefault(path.removeprefix(MARK), [])
        elif (one := _asked(path, status)) and one not in current:
            current.append(one)
    return found


def _asked(path: str, status: int) -> Asked | None:
    if OF_NO_MODEL.fullmatch(path):
        return None
    if found := FILE.fullmatch(path):
        repo, revision, file = found.groups()
        return Asked(repo=repo, revision=revision, path=file, present=status < 400)
    found = API.fullmatch(path)
    assert found, f"nobody knows what {path} asks for"
    return Asked(repo=found[1], revision=found[2] or "", path="", present=status < 400)


def _run(words: Sequence[str | Path], folder: Path, more: Mapping[str, str]) -> str:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    with (folder / "errors.txt").open("w") as errors:
        ended = subprocess.run(
            [*map(str, words)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(home), **ALWAYS, **more},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            check=False,
        )
    assert ended.returncode == 0, (folder / "errors.txt").read_text()[-2000:]
    return ended.stdout
