"""What else a run leaves behind: its name in a tracker, the state of its trainer."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from provenance.wire.training import Material

VARIABLES = {"MLFLOW_RUN_ID": "mlflow-run", "WANDB_RUN_ID": "wandb-run"}
WANDB = re.compile(r"(?:offline-)?run-[\d_]+-([\w-]{1,64})")
MLFLOW = re.compile("[0-9a-f]{32}")
NAME = re.compile(r"[\w.-]{1,128}")
STATE = "trainer_state.json"
MOST_STATE = 64 << 20
MOST_FOLDERS = 10_000
Run = tuple[str, str]
"""What kind of run a tracker keeps, and its name there."""


def tracked(folder: Path) -> frozenset[Run]:
    """The runs that trackers keep in the working directory now, by kind and name."""
    found = {("wandb-run", m[1]) for p in _inside(folder / "wandb") if (m := WANDB.fullmatch(p))}
    for experiment in _inside(folder / "mlruns"):
        for run in _inside(folder / "mlruns" / experiment):
            if MLFLOW.fullmatch(run):
                found.add(("mlflow-run", run))
    return frozenset(found)


def byproducts(
    variables: Mapping[str, str],
    before: frozenset[Run],
    after: frozenset[Run],
    changed: Iterable[tuple[str, Path]],
) -> Iterator[Material]:
    """The runs that the variables name, else the new ones; then each changed state of a trainer.

    `changed` are files of the output by their path there.
    """
    named = {(kind, variables.get(name, "")) for name, kind in VARIABLES.items()}
    said = sorted(row for row in named if NAME.fullmatch(row[1])) or sorted(after - before)
    for kind, name in said:
        yield Material(kind=kind, uri=f"urn:{kind}:{name}")
    for path, place in changed:
        if path == STATE and (digest := _digest(place)):
            yield Material(kind="log", uri=STATE, digest=(("sha256", digest),))


def _inside(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))[:MOST_FOLDERS]
    except OSError:
        return []


def _digest(place: Path) -> str:
    try:
        data = place.read_bytes() if place.stat().st_size <= MOST_STATE else b""
    except OSError:
        return ""
    return hashlib.sha256(data).hexdigest() if data else ""
