"""Trainings in the environment of the tools, each in a process of its own.

The libraries that train are imported once, by a process that then forks for each training: that
takes a second, and their import ten.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

from tests.interop.servers import Ended, told

TOP = Path(__file__).parents[2]
TRAINED = "tests.interop.trained"
PATIENCE = 300


def variables(home: Path) -> dict[str, str]:
    """Those of a program that trains offline, with this folder as its home."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(TOP),
    }


def launched(home: Path, kind: str, asked: dict[str, Any], *launcher: str) -> Ended:
    """A training by a launcher, in a folder that is its home too."""
    python = str(told("PROVENANCE_TRAINERS") / "python")
    return subprocess.run(
        [python, *launcher, "-m", TRAINED, kind, "out", json.dumps(asked)],
        cwd=home,
        env=variables(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass(frozen=True, kw_only=True)
class Trainers:
    """A process that has imported what trains, and `folder` for what trainings say."""

    process: subprocess.Popen[str]
    folder: Path

    def train(self, home: Path, kind: str, asked: dict[str, Any]) -> Ended:
        """A training to `out`, in a folder that is its home too."""
        said = {name: self.folder / name for name in ("stdout", "stderr")}
        order = {"home": str(home), "kind": kind, "asked": asked, **variables(home)}
        order |= {name: str(place) for name, place in said.items()}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        patience = Timer(PATIENCE, self.process.kill)
        patience.start()
        answer = self.process.stdout.readline()
        patience.cancel()
        out, error = (place.read_text("utf-8") for place in said.values())
        assert answer, error
        return Ended(args=kind, returncode=int(answer), stdout=out, stderr=error)


@contextmanager
def trainers(folder: Path) -> Iterator[Trainers]:
    """Such a process, ended with the block."""
    process = subprocess.Popen(
        [told("PROVENANCE_TRAINERS") / "python", "-m", TRAINED],
        cwd=folder,
        env=variables(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Trainers(process=process, folder=folder)
    finally:
        process.kill()
        process.communicate()
