"""Hosts that lack what most have: a home, a passwd entry, locks on the file system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub import Hub
from tests.hubs import REPO, Desk, desk, signed

# Run by Python before anything else: what such a host answers in place of this one.
HOSTS = {
    "no home and no passwd entry": """
import os, pwd
os.environ.pop("HOME", None)
def unknown(*_): raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = unknown
""",
    "no locks (ENOLCK)": """
import errno, fcntl, os
def flock(*_): raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = flock
""",
    "no locks (ENOTSUP)": """
import errno, fcntl, os
def flock(*_): raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
fcntl.flock = flock
""",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk where a signed model is locked."""
    top = tmp_path_factory.mktemp("bare")
    with Hub(top) as hub:
        hub.commit(REPO, signed(top / "m"))
        made = desk(top, hub)
        made.locked({"repo": REPO})
        yield made


@pytest.mark.parametrize("name", HOSTS)
def test_fetch_needs_neither_home_nor_locks(made: Desk, tmp_path: Path, name: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOSTS[name])
    place, cache = tmp_path / "data" / "model", tmp_path / "cache"
    for words in (
        ("fetch", REPO, "--local-dir", place),
        ("fetch", REPO, "--cache-dir", cache),
        ("verify", place, "--lock"),
        ("verify", REPO, "--lock", "--offline", "--cache-dir", cache),
    ):
        ended = made.run(*words, PYTHONPATH=str(tmp_path))
        assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
    assert [path.name for path in place.parent.iterdir()] == ["model"]


def test_without_a_home_a_cache_has_to_be_named(made: Desk, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOSTS["no home and no passwd entry"])
    for words in (("fetch",), ("verify", REPO, "--offline", "--lock")):
        ended = made.run(*words, PYTHONPATH=str(tmp_path))
        assert (ended.returncode, "HF_HUB_CACHE: this user has no home" in ended.stderr) == (
            2,
            True,
        )
    assert not (made.folder / "~").exists()


@pytest.mark.parametrize("value", ["", "trust.toml"])
def test_a_cache_that_is_no_folder_is_named(made: Desk, value: str) -> None:
    ended = made.run("fetch", HF_HUB_CACHE=value)
    assert (ended.returncode, "HF_HUB_CACHE" in ended.stderr) == (2, True)
