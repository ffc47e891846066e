"""The caller's own files: in whatever encoding an editor writes them, and whether they still mean
something."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.cli.conftest import Run

LATER = date(2999, 1, 1)
WAIVER = {"rule": "code/python-file", "subject": "x.py", "any_revision": True, "reason": "known"}
EXEMPTION = {"manifest": "sha256:" + "a" * 64, "reason": "looked at"}
UNUSED = "policy/unused-waiver"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model on disk, and the files by which it is judged."""
    place = tmp_path / "own"
    forge.sign(forge.write(place / "m"), forge.TufKey(key=forge.key("release")))
    policy = {
        "registry": ["trust.toml"],
        "waivers": [{**WAIVER, "repo": "acme/gone", "expires": LATER}],
        "exempt": [{**EXEMPTION, "repo": "evil/gone", "expires": LATER}],
    }
    models = [{"name": "one", "repo": "acme/one", "path": "m"}]
    write(place / "provenance.toml", {"policy": policy, "models": models})
    table = forge.registry(forge.org("Acme", forge.signer("release"), originates=True))
    write(place / "trust.toml", table)
    return place


def write(file: Path, table: dict[str, object]) -> None:
    file.write_text(tomli_w.dumps(table))


def test_what_is_for_a_repository_that_nobody_names_is_unused(run: Run, folder: Path) -> None:
    ended = run("verify", cwd=folder)
    lines = [line for line in ended.stdout.splitlines() if UNUSED in line]
    assert ended.returncode == 0, ended.stdout
    assert len(lines) == 2
    assert "acme/gone" in lines[0]
    assert "evil/gone" in lines[1]


def test_a_run_over_one_model_says_nothing_of_others(run: Run, folder: Path) -> None:
    assert UNUSED not in run("verify", "one", cwd=folder).stdout
    assert UNUSED not in run("verify", "m", "--as", "acme/one", cwd=folder).stdout


def test_the_lockfile_is_the_same_for_one_model_and_for_all(run: Run, folder: Path) -> None:
    assert run("lock", cwd=folder).returncode == 0
    assert run("lock", "one", "--check", cwd=folder).returncode == 0


@pytest.mark.parametrize("name", ["provenance.toml", "trust.toml", "provenance.lock"])
def test_a_byte_order_mark_is_no_part_of_a_file(run: Run, folder: Path, name: str) -> None:
    assert run("lock", cwd=folder).returncode == 0
    file = folder / name
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert run("verify", "m", "--lock", cwd=folder).returncode == 0
    assert run("lock", "--check", cwd=folder).returncode == 0


def test_a_models_own_pyproject_with_a_byte_order_mark_configures_nothing(
    run: Run, folder: Path
) -> None:
    model = folder / "m"
    (model / "pyproject.toml").write_bytes(b'\xef\xbb\xbf[project]\nname = "m"\n')
    (model / "model.sig").unlink()
    forge.sign(model, forge.TufKey(key=forge.key("release")))
    ended = run("verify", "one", cwd=folder)
    assert "reserved-name" not in ended.stdout
