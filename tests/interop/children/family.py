"""The children of the table, made by their tools and published on a loopback Hub."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from tests.hub import Hub
from tests.interop.servers import told

HERE = Path(__file__).parent
KINDS = {
    "PROVENANCE_MAKERS": (
        "bases",
        "tuned",
        "adapters",
        "preferences",
        "sentences",
        "pictures",
        "merges",
        "converted",
    ),
    "PROVENANCE_OLDER_MAKERS": ("older",),
}
"""Kinds of makers in each environment, in an order in which parents come before children."""
PATIENCE = 600
QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A line of the table."""

    name: str
    by: str
    named: frozenset[str]

    @property
    def repo(self) -> str:
        """What it is published as."""
        return f"acme/{self.name}"


def _read() -> tuple[Child, ...]:
    table = tomllib.loads((HERE / "children.toml").read_text("utf-8"))
    return tuple(
        Child(name=name, by=by, named=frozenset(named))
        for by, lines in table.items()
        for name, named in lines.items()
    )


CHILDREN = _read()


def make(hub: Hub, folder: Path) -> dict[str, str]:
    """Every repository is made below `folder` and published; of those that are not, the reason."""
    made, home = folder / "made", folder / "tools"
    made.mkdir()
    home.mkdir()
    failed: dict[str, str] = {}
    for variable, kinds in KINDS.items():
        with _maker(told(variable) / "python", [made, *kinds], hub.url, home) as process:
            assert process.stdin
            assert process.stdout
            for row in map(json.loads, process.stdout):
                if row["error"]:
                    failed[row["name"]] = row["error"]
                else:
                    hub.commit(f"acme/{row['name']}", files(made / row["name"]))
                process.stdin.write("published\n")
                process.stdin.flush()
        assert process.returncode == 0, (home / "errors.txt").read_text()[-2000:]
    return failed


@contextmanager
def _maker(
    python: Path, words: Sequence[str | Path], url: str, home: Path
) -> Iterator[subprocess.Popen[str]]:
    """The process of `make.py`, which has ended after the block, or is killed after ten minutes."""
    own = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(HERE.parents[2])}
    with (
        (home / "errors.txt").open("w") as errors,
        subprocess.Popen(
            [python, "-m", "tests.interop.children.make", *words],
            cwd=home,
            env={**own, **QUIET, "HF_ENDPOINT": url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        patience = Timer(PATIENCE, process.kill)
        patience.start()
        yield process
        process.wait()
        patience.cancel()


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
