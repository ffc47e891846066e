"""A run on a full disk, killed at its worst moments, and with parents that move meanwhile."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import SourceError
from provenance.formats.signatures import is_evidence_name
from tests import forge
from tests.cli.shop import dependencies
from tests.recording.studio import MADE, Studio, studio_at

TOP = Path(__file__).parents[2]
FULL = 64
"""Bytes that a file can have on the full disk."""
KILLED = """
import os, signal, sys
from pathlib import Path
from tests import forge
from tests.cli.shop import Shop
from tests.recording.studio import Studio

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

studio = Studio(shop=Shop(top=Path.cwd()))
run = studio.recording().begin()
forge.write(studio.top / "out", {"model.safetensors": forge.safetensors(b"trained again...")})
if sys.argv[1] == "training":
    die()
setattr(os, sys.argv[1], die)
run.finish()
"""


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """One in which a run has attested its model before."""
    made = studio_at(tmp_path)
    with made.recording():
        made.save()
    return made


@contextmanager
def limited() -> Iterator[None]:
    """No file of this process can be longer than a few bytes: a part of it is written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def unsynced() -> Iterator[None]:
    """A disk that finds no room when it is asked to keep what was written."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        yield


@pytest.mark.parametrize(
    ("disk", "says"), [(limited, "File too large"), (unsynced, "No space left on device")]
)
def test_on_a_full_disk_nothing_is_lost_and_finish_can_be_called_again(
    studio: Studio, disk: Callable[[], Any], says: str
) -> None:
    file = studio.top / "out" / "claims.jsonl"
    before, names = file.read_bytes(), set(os.listdir(file.parent))
    run = studio.recording().begin()
    studio.save({"model.safetensors": forge.safetensors(b"trained again...")})
    with disk(), pytest.raises(SourceError, match=f"{says}: mend that, then call finish"):
        run.finish()
    assert file.read_bytes() == before
    assert set(os.listdir(file.parent)) == names
    run.finish()
    assert file.read_bytes().startswith(before)
    assert len(studio.statements) == 2


@pytest.mark.parametrize("moment", ["training", "fsync", "replace"])
def test_a_run_that_is_killed_leaves_nothing_that_looks_like_a_statement(
    studio: Studio, moment: str
) -> None:
    file = studio.top / "out" / "claims.jsonl"
    before = file.read_bytes()
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, moment],
        cwd=studio.top,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TOP), *sys.path])},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert file.read_bytes() == before
    assert [name for name in os.listdir(file.parent) if is_evidence_name(name)] == [file.name]
    run = studio.recording().begin()
    studio.save({"model.safetensors": forge.safetensors(b"and once more...")})
    run.finish()
    assert {one["name"] for one in studio.statements[-1]["subject"]} == set(MADE)


def test_a_parent_that_is_replaced_once_it_is_pinned_is_said_as_it_was_loaded(
    studio: Studio,
) -> None:
    loaded = forge.digested(studio.top / "base").manifest
    run = studio.recording().begin()
    run.check(60)
    forge.write(studio.top / "base", {"model.safetensors": forge.safetensors(b"of somebody.....")})
    studio.save({"model.safetensors": forge.safetensors(b"trained again...")})
    run.finish()
    (parent,) = dependencies(studio.statements[-1], "parent")
    assert f"sha256:{next(iter(parent['digest'].values()))}" == loaded
