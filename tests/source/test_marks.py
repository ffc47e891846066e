"""What was delivered bears a mark, which nobody who writes to it can keep."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.source.settling import census, is_delivered, is_untouched, mark
from tests import forge

SELECTED = "sha256:" + "1" * 64
WEIGHTS = "model.safetensors"


def times_set_back(folder: Path) -> None:
    """Other bytes of the same length, with the time that the file had."""
    place = folder / WEIGHTS
    before = place.stat()
    with place.open("r+b") as stream:
        stream.write(b"x")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).write_bytes(data)


def copied(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("copy"))
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)


def moved(folder: Path) -> None:
    folder.rename(folder.with_name("else"))
    folder.with_name("else").rename(folder)


CHANGES: dict[str, tuple[Callable[[Path], object], bool, bool]] = {
    "none": (lambda folder: None, True, True),
    "the folder is moved": (moved, True, True),
    "a file is read": (lambda folder: (folder / WEIGHTS).read_bytes(), True, True),
    "times set back": (times_set_back, False, True),
    "a copy of the folder": (copied, False, True),
    "a file written anew": (replaced, False, False),
    "a file more": (lambda folder: (folder / "a.py").touch(), False, False),
    "a file less": (lambda folder: (folder / "config.json").unlink(), False, False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_mark_goes_with_the_files_that_were_judged(tmp_path: Path, name: str) -> None:
    folder = forge.write(tmp_path / "model")
    mark(folder, SELECTED)
    if not is_untouched(folder, SELECTED):
        pytest.skip("no extended attributes here")
    change, untouched, delivered = CHANGES[name]
    change(folder)
    assert is_untouched(folder, SELECTED) is untouched
    assert is_delivered(folder, SELECTED, census(folder)) is delivered
    assert not is_untouched(folder, SELECTED.replace("1", "2"))
