"""What is killed in mid-run costs its own work, and loses nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import tomli_w

from provenance.errors import SourceError
from provenance.fleet import gathering
from provenance.fleet.desk import Question, query
from provenance.fleet.running import Work, judged
from provenance.fleet.runs import runs
from provenance.fleet.store import EDGES, FILES, RUN, VERDICTS, FleetStore
from provenance.source.progress import Silent
from provenance.workspace import Request, SourceOptions, Workspace
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


def test_the_run_that_was_judged_last_is_the_newest_whatever_the_clock_says(
    tmp_path: Path,
) -> None:
    """The clock was a week ahead when the first was judged, and is right again."""
    store = models.filled(tmp_path / "fleet", [models.small(1)])
    first, second = models.rules(at=models.NOW + timedelta(days=7)), models.rules()
    judged(store, first, Work(), Silent())
    later = time.time() + timedelta(days=7).total_seconds()
    os.utime(store.run(first.key) / RUN, (later, later))
    judged(store, second, Work(), Silent())
    assert [run for run, _ in runs(store)] == [second.key, first.key]
    judged(store, first, Work(), Silent())
    assert [run for run, _ in runs(store)] == [first.key, second.key]


def test_what_ends_at_noon_is_judged_again_in_the_afternoon(tmp_path: Path) -> None:
    store = models.filled(tmp_path / "fleet", [models.signed(1)])
    noon = models.NOW.replace(hour=12)
    for hour, result in ((9, "pass"), (11, "pass"), (12, "incomplete"), (13, "incomplete")):
        rules = models.rules(at=models.NOW.replace(hour=hour))
        rules = replace(rules, registry=replace(rules.registry, expires=noon))
        judged(store, rules, Work(only="affected"), Silent())
        found = models.verdicts(store, rules.key)["acme/bot1"]["result"]
        assert (found == "pass") is (result == "pass"), hour


def test_two_who_judge_at_once_make_each_verdict_and_lose_none(tmp_path: Path) -> None:
    store = models.filled(tmp_path / "fleet", models.mix(12, 4), 1)
    rules = models.rules()
    with ThreadPoolExecutor(2) as pool:
        started = [pool.submit(judged, store, rules, Work(), Silent()) for _ in range(2)]
        counts = [one.result().judged for one in started]
    assert sum(counts) >= 12
    assert len(models.verdicts(store, rules.key)) == 12
    assert query(store.root, Question(sql="SELECT count(*) FROM verdicts")).rows == ((12,),)


def test_whoever_is_killed_between_evidence_and_index_has_lost_nothing(tmp_path: Path) -> None:
    """The evidence lies there, and the index is half of one, written aside."""
    store = models.filled(tmp_path / "fleet", [models.signed(1), models.small(2)], 1)
    words = Question(sql="SELECT ref, path FROM files ORDER BY ALL")
    before = query(store.root, words).rows
    place = store.place(EDGES, store.named()[-1].name)
    place.rename(place.with_name(f".{place.name}.x"))
    store.place(FILES, place.name).unlink()
    with pytest.raises(SourceError, match="fleet gather"):
        query(store.root, words)
    desk = Workspace(folder=tmp_path, options=SourceOptions(offline=True))
    found = gathering.gather(store.root, desk, Request(), ())
    assert (found.gathered, found.there, found.indexed) == (0, 2, 1)
    assert query(store.root, words).rows == before
