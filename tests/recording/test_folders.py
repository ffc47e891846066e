"""inotify: what is opened below folders by whatever program, and why it may not be seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.recording.stamp import Stamp
from provenance.recording.watched import folders
from provenance.recording.watched.folders import DENIED, FULL, MISSING, OVERFLOWED, Folders, Noticed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's own")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.gguf", "b.gguf", "in/c.gguf", ".git/x", "venv/pyvenv.cfg", "venv/y"):
        place = tmp_path / "root" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(name.encode())
    return tmp_path / "root"


def shell(root: Path, text: str) -> None:
    subprocess.run(["sh", "-ec", text], cwd=root, check=True)


def begun(root: Path) -> Folders:
    found = Folders.begun([str(root)])
    assert isinstance(found, Folders), found
    return found


def read(watch: Folders, root: Path) -> tuple[list[str], tuple[str, ...]]:
    opened, gaps = watch.end()
    return sorted(os.path.relpath(one.path, os.path.realpath(root)) for one in opened), gaps


CASES = {
    "read": ("cat a.gguf > /dev/null", ["a.gguf"]),
    "read below": ("cat in/c.gguf a.gguf > /dev/null", ["a.gguf", "in/c.gguf"]),
    "read twice": ("cat a.gguf a.gguf > /dev/null", ["a.gguf"]),
    "only written": ("echo x > b.gguf; echo x > new.gguf", []),
    "written, then read": ("echo x > b.gguf; cat b.gguf > /dev/null", ["b.gguf"]),
    "listed": ("ls -R . > /dev/null", []),
    "passed over": ("cat .git/x venv/y > /dev/null", []),
    "a new folder": ("mkdir n; sleep 0.5; echo x > n/d; cat n/d > /dev/null", ["n/d"]),
    "a folder moved here": (
        "mkdir ../m; echo x > ../m/e; mv ../m m; sleep 0.5; cat m/e > /dev/null",
        ["m/e"],
    ),
    "still open": ("exec 3< a.gguf; sleep 0.3 & cat b.gguf > /dev/null", ["a.gguf", "b.gguf"]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_any_program_reads_is_seen(name: str, root: Path) -> None:
    text, expected = CASES[name]
    watch = begun(root)
    shell(root, text)
    assert read(watch, root) == (expected, ())


def test_a_root_that_comes_to_be_is_watched_and_nothing_beside_it(root: Path) -> None:
    watch = Folders.begun([str(root / "cache" / "hub")])
    assert isinstance(watch, Folders)
    shell(root, "mkdir -p cache/hub/m cache/other; sleep 0.5")
    shell(root, "echo x > cache/hub/m/w; echo x > cache/other/v")
    shell(root, "cat cache/hub/m/w cache/other/v a.gguf in/c.gguf > /dev/null")
    assert read(watch, root) == (["cache/hub/m/w"], ())


def test_the_first_stamp_counts(root: Path) -> None:
    before = Stamp.of(str(root / "a.gguf"))
    watch = begun(root)
    shell(root, "cat a.gguf > /dev/null; sleep 0.5; echo more >> a.gguf; cat a.gguf > /dev/null")
    opened, _ = watch.end()
    assert [one.stamp for one in opened] == [before]


def test_nothing_is_seen_after_the_end(root: Path) -> None:
    watch = begun(root)
    watch.end()
    shell(root, "cat a.gguf > /dev/null")


def test_too_many_folders_are_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_FOLDERS", 1)
    watch = begun(root)
    shell(root, "cat a.gguf in/c.gguf > /dev/null")
    assert read(watch, root) == (["a.gguf"], (FULL.format(1),))


def test_an_overflow_is_said() -> None:
    noticed = Noticed()
    noticed.take(One(-1, folders.OVERFLOW, ""))
    assert noticed.overflow
    assert "missing" in OVERFLOWED


class One:
    """An event."""

    def __init__(self, wd: int, mask: int, name: str) -> None:
        self.wd, self.mask, self.name = wd, mask, name


def test_a_machine_without_it_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inotify_simple", None)
    assert Folders.begun([str(root)]) == MISSING


def test_a_user_with_too_many_instances_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import inotify_simple

    def refused() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(inotify_simple, "INotify", refused)
    assert Folders.begun([str(root)]) == DENIED.format("Too many open files")
