"""All code is allowed at one commit, where a Hub or the lockfile says that the files are of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.test_closure import made
from tests.hub import Hub
from tests.hubs import FILES, REPO, UNSIGNED, signed

CODE: Mapping[str, bytes] = {**FILES, "handler.py": b"pass", "model.plan": b"ftrt"}
KERNEL: Mapping[str, bytes] = {
    "build/torch-universal/k/__init__.py": b"from ._ops import *",
    "build/torch28-cxx11-cu128-x86_64-linux/k/_k.so": b"\x7fELF" + bytes(60),
    "config.json": b"{}",
}
LEVELS = {"format": "off"}


def test_code_runs_at_the_allowed_commit_and_at_no_other(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        at = made(tmp_path, hub, CODE, FILES)
        commit = hub.commit(REPO, signed(tmp_path / "n", CODE))
        row = {"repo": REPO, "commit": commit}
        at.desk.settings({"repo": REPO}, rules=LEVELS)
        assert "code/python-file" in at.run(1, "lock")
        at.desk.settings({"repo": REPO}, rules=LEVELS, code=[row])
        at.run(0, "lock")
        at.run(0, "fetch", "--local-dir", tmp_path / "model")
        at.run(0, "verify", tmp_path / "model", "--lock")
        hub.commit(REPO, signed(tmp_path / "o", {**CODE, "handler.py": b"evil"}))
        assert "code/python-file" in at.run(1, "verify", f"{REPO}@main")
        at.run(0, "verify", REPO)
        at.desk.lock.unlink()
        assert "code/python-file" in at.run(1, "verify", tmp_path / "model", "--as", REPO)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_kernel_runs_at_its_allowed_commit(tmp_path: Path, allowed: bool) -> None:
    with Hub(tmp_path) as hub:
        config = json.dumps({"attn_implementation": f"{UNSIGNED}@v1"}).encode()
        at = made(tmp_path, hub, {**FILES, "config.json": config}, KERNEL)
        rows = [{"repo": UNSIGNED, "commit": at.commit}]
        rules = {**LEVELS, "identity": "off"}
        pinned = {"repo": REPO, "members": [at.pin]}
        at.desk.settings(pinned, rules=rules, code=rows if allowed else [])
        said = at.run(0 if allowed else 1, "lock")
        assert ("closure/failing" in said) is not allowed
