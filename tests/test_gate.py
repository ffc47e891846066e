"""The gate: whatever happens on the way, nothing usable lies at the target but what was judged."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests import forge
from tests import hub as attacks
from tests.hub import Answer, Hub, Request
from tests.hub.values import length
from tests.hubs import FILES, REPO, WEIGHTS, Desk, desk, signed

SEED = 20261125
KILLS, ALL_KILLS = 12, 200
SHARDS = {f"part{n}.safetensors": forge.safetensors(os.urandom(8 << 20)) for n in range(4)}
LARGE = {**forge.MODEL, **SHARDS}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Desk]:
    """A desk where one signed model is locked."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        made = desk(tmp_path, hub)
        made.locked({"repo": REPO})
        yield made


def whole(hook: attacks.Hook) -> attacks.Hook:
    """The hook, on answers that are a whole file: a download, and not a header's range."""
    return lambda request, answer: hook(request, answer) if answer.status == 200 else answer


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def leftovers(bench: Desk) -> list[str]:
    return [path.name for path in bench.folder.iterdir() if path.name.startswith(".")]


OTHER = WEIGHTS[:-1] + b"\x00"
LIES: dict[str, tuple[str, attacks.Hook, int]] = {
    "other bytes": (r"/cdn/", whole(attacks.swap(OTHER)), 1),
    "other bytes in a small file": (r"/resolve/.*README", attacks.swap(b"# A model!"), 1),
    "fewer bytes": (r"/cdn/", whole(attacks.cut(1000)), 5),
    "errors": (r"/cdn/", whole(attacks.status(404)), 5),
    "another header by range": (
        r"/cdn/",
        lambda q, a: (
            attacks.swap(forge.safetensors(WEIGHTS[88:], "other"))(q, a) if a.status == 206 else a
        ),
        1,
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_hub_that_lies_after_the_lock_gets_nothing_through(bench: Desk, name: str) -> None:
    pattern, hook, code = LIES[name]
    bench.hub.on(pattern, hook)
    ended = bench.run("fetch", "--local-dir", "model")
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "error: acme/bot was not fetched" in ended.stderr
    assert not (bench.folder / "model").exists()
    bench.hub.calm()
    assert bench.run("fetch", "--local-dir", "model").returncode == 0
    assert contents(bench.folder / "model").keys() == {*FILES, "model.sig"}
    assert leftovers(bench) == []


def test_other_bytes_once_are_fetched_again(bench: Desk) -> None:
    first = iter([True])
    lie = whole(attacks.swap(OTHER))
    bench.hub.on(r"/cdn/", lambda q, a: lie(q, a) if a.status == 200 and next(first, 0) else a)
    assert bench.run("fetch", "--local-dir", "model").returncode == 0
    assert (bench.folder / "model" / "model.safetensors").read_bytes() == WEIGHTS


def test_a_signature_swapped_on_the_way_is_noticed(bench: Desk, tmp_path: Path) -> None:
    other = signed(tmp_path / "n", key="second")["model.sig"]
    bench.hub.after(1, r"/resolve/.*model.sig", lambda q, a: a.carrying(other))
    ended = bench.run("fetch", "--local-dir", "model")
    assert ended.returncode in (1, 5)
    assert not (bench.folder / "model").exists()


def test_a_full_disk_leaves_nothing_usable(bench: Desk) -> None:
    command = f"ulimit -f 1024; exec {sys.executable} -m provenance fetch --local-dir model"
    environment = {"PATH": os.environ["PATH"], "HOME": str(bench.home)}
    ended = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=bench.folder,
        env={**environment, "HF_ENDPOINT": bench.hub.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 5
    assert "cannot be downloaded" in ended.stderr
    assert not (bench.folder / "model").exists()


def test_two_at_once_are_safe(bench: Desk) -> None:
    both = [bench.start("fetch", "--local-dir", "model") for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert contents(bench.folder / "model").keys() == {*FILES, "model.sig"}
    assert leftovers(bench) == []
    assert sum("was there already" in out for out, _ in said) == 1


def downloading(bench: Desk) -> None:
    """Until a whole file has been asked for; the test fails where none ever is."""
    deadline = time.monotonic() + 30
    while not any("/cdn/" in q.path and q.range is None for q in list(bench.hub.requests)):
        assert time.monotonic() < deadline


def test_an_interrupt_ends_it_at_once(bench: Desk) -> None:
    bench.hub.clear()

    def begun(request: Request, answer: Answer) -> Answer:
        if answer.status == 200:
            bench.hub.note(request)
            return replace(answer, delay=60)
        return answer

    bench.hub.on(r"/cdn/", begun)
    # What a script starts in the background ignores SIGINT, and so would the program below it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = bench.start("fetch", "--local-dir", "model")
    downloading(bench)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=50)
    assert process.returncode == 130
    assert not (bench.folder / "model").exists()


def test_the_next_attempt_keeps_files_that_are_whole(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m", LARGE))
        bench = desk(tmp_path, hub)
        bench.locked({"repo": REPO})
        hub.on(r"/cdn/", cut_after_two())
        assert bench.run("fetch", "--local-dir", "model").returncode == 5
        staged = [path for path in bench.folder.rglob("*") if path.name in SHARDS]
        kept = [path for path in staged if path.read_bytes() == SHARDS[path.name]]
        assert kept
        hub.calm()
        hub.clear()
        assert bench.run("fetch", "--local-dir", "model").returncode == 0
        again = [q for q in hub.requests if q.range is None and q.sent > 1 << 20]
        assert len(again) == len(SHARDS) - len(kept)
        assert leftovers(bench) == []


def cut_after_two() -> attacks.Hook:
    """Two large files come whole, and of the others a beginning."""
    left = iter(range(2))
    cut = attacks.cut(1000)

    def hook(request: Request, answer: Answer) -> Answer:
        large = length(answer.body) > 1 << 20
        return cut(request, answer) if large and next(left, None) is None else answer

    return whole(hook)


def killed(bench: Desk, moments: random.Random, expected: dict[str, bytes]) -> bool:
    """One fetch, killed at some moment: whether it was done by then. Never anything in between."""
    process = bench.start("fetch", "--local-dir", "model")
    with suppress(subprocess.TimeoutExpired):
        process.wait(moments.uniform(0.3, 1.6))
    process.kill()
    process.communicate()
    target = bench.folder / "model"
    if target.exists():
        assert contents(target) == expected
    return target.exists()


def campaign(tmp_path: Path, count: int) -> int:
    """How many of `count` killed fetches were done; a last one is left alone and must be."""
    moments = random.Random(SEED)
    with Hub(tmp_path) as hub:
        expected = signed(tmp_path / "m", LARGE)
        hub.commit(REPO, expected)
        bench = desk(tmp_path, hub)
        bench.locked({"repo": REPO})
        done = 0
        for _ in range(count):
            if killed(bench, moments, expected):
                done += 1
                (bench.folder / "model").rename(bench.folder / f"done{done}")
        assert bench.run("fetch", "--local-dir", "model").returncode == 0
        assert contents(bench.folder / "model") == expected
        assert leftovers(bench) == []
    return done


def test_killed_at_any_moment_nothing_wrong_is_usable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = campaign(tmp_path, KILLS)
    with capsys.disabled():
        print(f" [{KILLS} fetches of {ALL_KILLS} killed, seed {SEED}, {done} were done] ", end="")


@pytest.mark.exhaustive
def test_killed_two_hundred_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = campaign(tmp_path, ALL_KILLS)
    with capsys.disabled():
        print(f" [{ALL_KILLS} fetches killed, seed {SEED}, {done} were done] ", end="")
