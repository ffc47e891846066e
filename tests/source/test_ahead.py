"""What was hashed ahead is taken over, if it is still what lies there, and read once."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.model import Evidence, Ref
from provenance.source import directory
from provenance.source.ahead import LARGE, NAME, Ahead, plain
from provenance.source.layout import Entry
from provenance.source.measure import Budget, Measured, measure
from provenance.source.progress import Silent
from provenance.wire.oms import Need
from tests import forge

SLOW = (
    "cryptography",
    "huggingface_hub",
    "jinja2",
    "provenance.formats.content",
    "provenance.judgement",
    "provenance.policy",
    "provenance.workspace",
    "rich",
    "sigstore",
    "yaml",
)


def gathered(folder: Path, ahead: Ahead | None) -> Evidence:
    return directory.collect(folder, ref=Ref(text="m"), at=forge.NOW, ahead=ahead)


def shards(folder: Path, ahead: Ahead | None) -> list[Measured]:
    places = [str(place) for place in sorted((folder / "sub").iterdir())]
    rows = measure(
        [Entry(path=place, place=place) for place in places],
        sizes=[os.stat(place).st_size for place in places],
        needs=[Need(algorithm="sha256", shard_size=LARGE)],
        selected=frozenset(),
        budget=Budget(0, 0),
        progress=Silent(),
        ahead=ahead,
    )
    return list(rows)


def begun(folder: Path) -> Ahead:
    """Everything large in the folder is being hashed, or was to its end."""
    ahead = Ahead([str(folder)])
    while any(thread.name == NAME for thread in threading.enumerate()):
        time.sleep(0.001)
    return ahead


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sizes = (10, LARGE, LARGE + 1, 3 * LARGE + 7)
    files = {f"sub/{size}.bin": os.urandom(size) for size in sizes}
    return forge.write(tmp_path / "m", {**forge.MODEL, **files})


@pytest.mark.parametrize("begin", [begun, lambda folder: Ahead([str(folder)])], ids=["all", "some"])
def test_what_was_begun_changes_nothing(begin: Callable[[Path], Ahead], folder: Path) -> None:
    ahead = begin(folder)
    assert gathered(folder, ahead) == gathered(folder, None)
    ahead.close()


def test_other_digests_are_made_of_every_byte(folder: Path) -> None:
    ahead = begun(folder)
    assert shards(folder, ahead) == shards(folder, None)
    ahead.close()


@pytest.mark.parametrize("is_time_kept", [False, True])
def test_a_file_that_was_written_to_is_measured_itself(folder: Path, is_time_kept: bool) -> None:
    ahead = begun(folder)
    file = folder / f"sub/{LARGE + 1}.bin"
    before = file.stat().st_mtime_ns if is_time_kept else 1
    file.write_bytes(bytes(LARGE + 1))
    os.utime(file, ns=(before, before))
    found = gathered(folder, ahead)
    digest = found.manifest.by_path[f"sub/{LARGE + 1}.bin"].digest
    assert digest == hashlib.sha256(bytes(LARGE + 1)).hexdigest()
    assert found == gathered(folder, None)
    ahead.close()


def test_another_file_in_its_place_is_measured_itself(folder: Path) -> None:
    ahead = begun(folder)
    file = folder / f"sub/{LARGE + 1}.bin"
    file.with_suffix(".new").write_bytes(os.urandom(2 * LARGE))
    file.with_suffix(".new").replace(file)
    assert gathered(folder, ahead) == gathered(folder, None)
    ahead.close()


def test_links_and_pipes_are_left_alone(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(tmp_path)
    ahead = begun(folder)
    assert ahead.take(str(folder / "pipe")) is None
    assert ahead.take(str(folder / "link")) is None
    ahead.close()


def test_nothing_stays_open(folder: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    ahead = begun(folder)
    assert set(os.listdir("/proc/self/fd")) != before
    ahead.close()
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("words", "places"),
    [
        (["model"], ["model"]),
        (["a", "b", "-q"], ["a", "b"]),
        (["--cache-dir", "cache", "model"], ["model"]),
        (["--policy=strict", "model"], []),
        (["-q", "model"], []),
        (["model", "-o", "folder"], ["model"]),
        ([], []),
    ],
)
def test_what_stands_behind_an_option_is_no_model(words: list[str], places: list[str]) -> None:
    assert list(plain(words)) == places


def test_hashing_begins_before_anything_slow_is_imported() -> None:
    code = "import sys, provenance.cli.head_start; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not set(SLOW) & set(loaded.stdout.decode().split())
