"""A fleet judged by a Dask scheduler on loopback, two workers and TLS; each of them killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli_w

from provenance.fleet.running import Work, judged
from provenance.fleet.runs import runs
from provenance.fleet.store import VERDICTS, FleetStore
from provenance.source.progress import Silent
from tests.fleet import models
from tests.fleet.certificates import Issued, issued
from tests.fleet.waiting import SECONDS, until

COUNT, A_PART = 120, 1


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A scheduler and its workers, by their processes."""

    top: Path
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]
    files: Issued

    def judge(self, store: FleetStore, *words: str) -> subprocess.Popen[str]:
        tls = (
            "--tls-ca",
            self.files.ca,
            "--tls-cert",
            self.files.cert,
            "--tls-key",
            self.files.key,
        )
        named = ("fleet", "judge", "--store", store.root, "--engine", f"dask={self.address}")
        own = [*named, *tls, "--registry", "trust.toml", *words]
        return subprocess.Popen(
            [sys.executable, "-m", "provenance", *map(str, own)],
            cwd=self.top,
            env={**os.environ, "HOME": str(self.top)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def started(top: Path, files: Issued, what: str, *words: str) -> subprocess.Popen[bytes]:
    tls = ["--tls-ca-file", files.ca, "--tls-cert", files.cert, "--tls-key", files.key]
    with (top / f"{what}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + what, *words, *map(str, tls)],
            cwd=top,
            env={**os.environ, "HOME": str(top), "PYTHONPATH": str(Path.cwd())},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    files = issued(tmp_path)
    place = tmp_path / "scheduler.json"
    words = ["--protocol", "tls", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    scheduler = started(tmp_path, files, "scheduler", *words, "--scheduler-file", str(place))
    processes = [scheduler]
    try:
        until(lambda: place.exists() and bool(place.read_text().strip()))
        address = json.loads(place.read_text())["address"]
        local = ["--local-directory", str(tmp_path), "--no-dashboard", "--nthreads", "1"]
        workers = [
            started(tmp_path, files, "worker", address, "--no-nanny", *local) for _ in range(2)
        ]
        processes += workers
        (tmp_path / "trust.toml").write_text(tomli_w.dumps(models.trust()))
        yield Cluster(
            top=tmp_path, address=address, scheduler=scheduler, workers=workers, files=files
        )
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture
def store(tmp_path: Path) -> FleetStore:
    return models.filled(tmp_path / "fleet", models.mix(COUNT, 4), A_PART)


def standing(store: FleetStore) -> dict[str, tuple[int, int]]:
    places = list(store.place(VERDICTS).rglob("part-*.parquet"))
    return {one.name: (one.stat().st_ino, one.stat().st_mtime_ns) for one in places}


def check_whole(store: FleetStore, tmp_path: Path) -> None:
    ((run, _),) = runs(store)
    found = models.verdicts(store, run)
    other = models.filled(tmp_path / "other", models.mix(COUNT, 4), 50)
    rules = models.rules()
    judged(other, rules, Work(), Silent())
    expected = models.verdicts(other, rules.key)
    assert {ref: row["result"] for ref, row in found.items()} == {
        ref: row["result"] for ref, row in expected.items()
    }


@pytest.mark.interop
def test_two_workers_judge_a_fleet_and_one_that_is_killed_loses_nothing(
    cluster: Cluster, store: FleetStore, tmp_path: Path
) -> None:
    own = cluster.judge(store)
    until(lambda: len(standing(store)) > 2, own)
    before = standing(store)
    cluster.workers[0].kill()
    said, _ = own.communicate(timeout=SECONDS)
    assert own.returncode == 1, said
    assert before.items() <= standing(store).items()
    check_whole(store, tmp_path)


@pytest.mark.interop
def test_a_scheduler_that_dies_ends_the_run_and_the_same_command_elsewhere_does_the_rest(
    cluster: Cluster, store: FleetStore, tmp_path: Path
) -> None:
    own = cluster.judge(store)
    until(lambda: len(standing(store)) > 2, own)
    cluster.scheduler.kill()
    said, _ = own.communicate(timeout=3 * SECONDS)
    assert own.returncode == 5, said
    assert "Traceback" not in said
    before = standing(store)
    words = [sys.executable, "-m", "provenance", "fleet", "judge", "--store", str(store.root)]
    ended = subprocess.run(
        [*words, "--registry", "trust.toml"],
        cwd=cluster.top,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert before.items() <= standing(store).items()
    check_whole(store, tmp_path)


@pytest.mark.interop
def test_who_has_no_certificate_of_ours_is_sent_nothing(
    cluster: Cluster, store: FleetStore, tmp_path: Path
) -> None:
    (tmp_path / "others").mkdir()
    strange = issued(tmp_path / "others")
    asked = Cluster(
        top=cluster.top,
        address=cluster.address,
        scheduler=cluster.scheduler,
        workers=cluster.workers,
        files=strange,
    )
    own = asked.judge(store)
    said, _ = own.communicate(timeout=2 * SECONDS)
    assert own.returncode == 5, said
    assert "no scheduler answers" in said
    assert not standing(store)
