"""Beside the image: the storage initializer asks for what is meant, and no pod is open."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.serving.site import ROOT

IMAGES = ROOT / ".github" / "images"
SCRIPT = IMAGES / "storage-initializer"
TOOL = """#!/bin/sh
echo "$@" >> calls
case $* in *broken*) exit 5 ;; esac
"""
A, B = "provenance://a/b", "provenance://c"


@pytest.mark.parametrize(
    ("words", "code", "calls"),
    [
        ((A, "/mnt/models"), 0, ["fetch --local-dir /mnt/models -- a/b"]),
        (
            (A, "/m/1", B, "/m/2"),
            0,
            ["fetch --local-dir /m/1 -- a/b", "fetch --local-dir /m/2 -- c"],
        ),
        (("provenance://--help", "/m"), 0, ["fetch --local-dir /m -- --help"]),
        (("provenance://broken", "/m/1", B, "/m/2"), 5, ["fetch --local-dir /m/1 -- broken"]),
        ((A,), 2, []),
        ((A, "/m", B), 2, []),
        ((), 2, []),
        (("s3://a/b", "/m"), 2, []),
        (("provenance://", "/m"), 2, []),
        (("hf://a/b", "/m"), 2, []),
    ],
)
def test_the_storage_initializer(
    tmp_path: Path, words: tuple[str, ...], code: int, calls: list[str]
) -> None:
    (tmp_path / "provenance").write_text(TOOL)
    (tmp_path / "provenance").chmod(0o755)
    ended = subprocess.run(
        ["sh", str(SCRIPT), *words],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    made = tmp_path / "calls"
    assert (ended.returncode, made.read_text().splitlines() if made.exists() else []) == (
        code,
        calls,
    )
    assert ("expected pairs of provenance://NAME" in ended.stderr) is (code == 2)


def containers(value: Any) -> Iterator[dict[str, Any]]:
    """Every container that a manifest has, however deep."""
    if isinstance(value, dict):
        if "image" in value:
            yield value
        for one in value.values():
            yield from containers(one)
    for one in value if isinstance(value, list) else ():
        yield from containers(one)


@pytest.mark.parametrize("name", ["init-container.yaml", "kserve.yaml"])
def test_no_container_is_open_and_each_image_is_named_by_digest(name: str) -> None:
    found = list(containers(list(yaml.safe_load_all((IMAGES / name).read_text()))))
    assert found
    for one in found:
        context = one["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "@sha256:" in one["image"]


def test_the_image_is_nobodys_and_its_packages_come_by_hash() -> None:
    lines = (IMAGES / "Containerfile").read_text().splitlines()
    assert "USER 65532:65532" in lines
    installs = [line for line in lines if " pip install " in line]
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    pinned = (IMAGES / "requirements.txt").read_text()
    assert all(
        "--hash=sha256:" in entry for entry in re.split(r"\n(?=[a-z])", pinned) if "==" in entry
    )
