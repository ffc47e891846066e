"""The program as its users run it: another process, with a home of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import program
from tests.cli import mirrored
from tests.cli.mirrors import MIRROR
from tests.hub import Hub
from tests.hubs import REPO, Desk, desk, signed

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `provenance` with the words given; `cwd` is an empty folder unless said otherwise."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}

    def run(
        *words: str | Path, cwd: Path = work, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        own = {**kept, "HOME": str(home), "COLUMNS": "100", **environment}
        return program.run(words, cwd, own)

    return run


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[tuple[Desk, str]]:
    """A desk at a Hub with a signed model of Acme and a bank's mirror of it; the origin's name."""
    with Hub(tmp_path) as hub:
        files = signed(tmp_path / "m")
        origin = f"{REPO}@{hub.commit(REPO, files)}"
        hub.commit(MIRROR, files)
        yield desk(tmp_path, hub), origin


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[mirrored.Bank]:
    """A bank that keeps a mirror of Acme's base, and has made nothing from it."""
    with Hub(tmp_path) as hub:
        files = signed(tmp_path / "m")
        commit = hub.commit(mirrored.ORIGIN, files)
        hub.commit(mirrored.MIRROR, files)
        own = mirrored.Bank(desk=desk(tmp_path, hub), commit=commit)
        own.registry()
        yield own
