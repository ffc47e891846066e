"""What is killed in mid-run costs its own work, and loses nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tomli_w

from provenance.fleet.running import Work, judged, runs
from provenance.fleet.store import VERDICTS, FleetStore
from provenance.source.progress import Silent
from tests.fleet import models
from tests.fleet.waiting import SECONDS, until

COUNT, A_PART = 120, 1
Stamp = tuple[int, int]


@pytest.fixture
def store(tmp_path: Path) -> FleetStore:
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(models.trust()))
    return models.filled(tmp_path / "fleet", models.mix(COUNT, 4), A_PART)


@pytest.fixture
def begun(store: FleetStore, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts `fleet judge` by two workers; what is left of it ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        words = ["fleet", "judge", "--store", store.root, "--workers", "2", "-q"]
        more = ["--registry", "trust.toml"]
        own = subprocess.Popen(
            [sys.executable, "-m", "provenance", *map(str, words), *more],
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(own)
        return own

    yield start
    for own in started:
        if own.poll() is None:
            own.kill()
            own.communicate()


def stamps(store: FleetStore) -> dict[str, Stamp]:
    """The parts of the only run that stand, each with what tells that it was not written again."""
    found: dict[str, Stamp] = {}
    for run in store.place(VERDICTS).iterdir():
        for place in run.glob("part-*.parquet"):
            status = place.stat()
            found[place.name] = (status.st_ino, status.st_mtime_ns)
    return found


def workers(own: subprocess.Popen[str]) -> list[int]:
    """The processes that it started to judge."""
    listed = Path(f"/proc/{own.pid}/task/{own.pid}/children").read_text().split()
    return [pid for pid in map(int, listed) if b"spawn_main" in line_of(pid)]


def line_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def check_whole(store: FleetStore, tmp_path: Path) -> None:
    """Every model has its verdict once, and it is what nobody interrupted gives."""
    ((run, _),) = runs(store)
    shutil.copytree(store.root, tmp_path / "other", ignore=shutil.ignore_patterns(run))
    other = FleetStore(root=tmp_path / "other")
    rules = models.rules()
    judged(other, rules, Work(), Silent())
    expected = models.verdicts(other, rules.key)
    found = models.verdicts(store, run)
    assert len(found) == COUNT
    assert {ref: row["result"] for ref, row in found.items()} == {
        ref: row["result"] for ref, row in expected.items()
    }


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc of Linux")
def test_a_worker_that_is_killed_is_made_up_for(
    store: FleetStore, begun: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    own = begun()
    until(lambda: len(stamps(store)) >= 1, own)
    standing = stamps(store)
    os.kill(workers(own)[0], signal.SIGKILL)
    said, _ = own.communicate(timeout=SECONDS)
    assert own.returncode == 1, said
    assert standing.items() <= stamps(store).items()
    check_whole(store, tmp_path)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc of Linux")
def test_a_driver_that_is_killed_leaves_no_worker_and_no_verdict_is_made_twice(
    store: FleetStore, begun: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    own = begun()
    until(lambda: len(stamps(store)) >= 1, own)
    left = workers(own)
    own.kill()
    own.communicate()
    until(lambda: not any(b"spawn_main" in line_of(pid) for pid in left))
    standing = stamps(store)
    assert 0 < len(standing) < COUNT // A_PART
    again = begun()
    said, _ = again.communicate(timeout=SECONDS)
    assert again.returncode == 1, said
    assert standing.items() <= stamps(store).items()
    check_whole(store, tmp_path)
