"""What `fetch` delivers is accepted by whoever is asked about it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub import Hub
from tests.hubs import FILES, REPO, Desk, desk, signed

SELECTIONS: dict[str, dict[str, Any]] = {
    "everything": {},
    "a signed file left out": {"exclude": ["tokenizer.json"]},
    "weights alone": {"include": ["*.safetensors"]},
    "a folder left out": {"exclude": ["onnx/"]},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk at a Hub with a model whose every file was signed."""
    top = tmp_path_factory.mktemp("fetched")
    with Hub(top) as hub:
        hub.commit(REPO, signed(top / "m", {**FILES, "onnx/config.json": b"{}"}))
        yield desk(top, hub)


def passes(made: Desk, *words: str | Path) -> str:
    """What a command that must end well says."""
    ended = made.run(*words)
    assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("name", SELECTIONS)
def test_it_is_what_is_locked(made: Desk, tmp_path: Path, name: str) -> None:
    made.locked({"repo": REPO, **SELECTIONS[name]})
    cache = ("--cache-dir", tmp_path / "cache")
    passes(made, "fetch", "--local-dir", tmp_path / "model")
    passes(made, "fetch", *cache)
    (snapshot,) = tmp_path.glob("cache/models--*/snapshots/*")
    for place in (tmp_path / "model", snapshot):
        passes(made, "verify", place, "--lock")
        passes(made, "bom", "provenance.lock", place)
    passes(made, "verify", tmp_path / "model", "--as", REPO, "--lock")
    passes(made, "verify", REPO, "--lock", "--offline", *cache)
    passes(made, "fetch", "--offline", *cache)
    passes(made, "bom", "provenance.lock", *cache)
    (tmp_path / "model" / "more.json").write_text("{}")
    ended = made.run("verify", tmp_path / "model", "--lock")
    assert (ended.returncode, "integrity/extra  more.json" in ended.stdout) == (1, True)
