"""What is said of a name or a link is so, and says what to do; no format breaks on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.model import Ref
from provenance.report import FORMATS
from provenance.source import directory
from tests import forge

NAME = os.fsdecode(b"caf\xe9.json")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def details(place: Path) -> list[tuple[str, str]]:
    found = directory.collect(place, ref=Ref(text="m"), at=forge.NOW)
    return [(seen.code, seen.detail) for seen in found.observations]


GARBLED: dict[str, Callable[[Path], Path]] = {
    "a file of a model": lambda top: forge.write(top / "m", {NAME: b"{}"}),
    "a folder of a model": lambda top: forge.write(
        top / "m", {f"{os.fsdecode(bytes([0xE9]))}/config.json": b"{}"}
    ),
    "a file alone": lambda top: forge.write(top, {NAME: b"{}"}) / NAME,
}


@pytest.mark.parametrize("what", GARBLED)
def test_a_name_that_is_not_utf_8_is_called_so_once(tmp_path: Path, what: str) -> None:
    ((code, detail),) = details(GARBLED[what](tmp_path))
    assert code == "name"
    assert "\\xe9" in detail
    assert detail.endswith("is not UTF-8: rename or remove it")


def test_a_backslash_is_still_called_one(tmp_path: Path) -> None:
    ((code, detail),) = details(forge.write(tmp_path / "m", {"caf\\xe9.json": b"{}"}))
    assert (code, "backslash" in detail) == ("name", True)


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_breaks_on_it(tmp_path: Path, form: str) -> None:
    place = forge.write(tmp_path / os.fsdecode(b"mod\xe9l"), {NAME: b"{}"})
    ended = subprocess.run(
        [sys.executable, "-m", "provenance", "verify", place, "--format", form],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, b"Traceback" in ended.stderr) == (1, False), ended.stderr
    assert b"UTF" in ended.stdout.decode("utf-8").encode()


def inside(top: Path) -> Path:
    (forge.write(top / "m") / "latest.safetensors").symlink_to("model.safetensors")
    return top / "m"


def nowhere(top: Path) -> Path:
    (forge.write(top / "m") / "latest.safetensors").symlink_to("gone")
    return top / "m"


def lost(top: Path) -> Path:
    place = forge.write(top / "models--acme--llm" / "snapshots" / COMMIT)
    (place / "vocab.json").symlink_to("../../blobs/253b610b")
    return place


LINKS: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "inside": (inside, "links are not followed", "put the file itself in its place"),
    "to nothing": (nowhere, "leads to nothing", "remove it, or put the file in its place"),
    "to a blob that is gone": (lost, "leads to nothing", "download the model again"),
}


@pytest.mark.parametrize("what", LINKS)
def test_a_link_is_described_as_what_it_is(tmp_path: Path, what: str) -> None:
    made, fact, remedy = LINKS[what]
    ((code, detail),) = details(made(tmp_path))
    assert (code, fact in detail, detail.endswith(remedy)) == ("symlink", True, True), detail
