"""An inventory as the library has it: what it hashes, and how often."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tomli_w

from provenance import ConfigError, Workspace
from provenance.inventory import State
from provenance.source.progress import Unit
from tests import forge
from tests.hubs import trust

LARGE = forge.safetensors(bytes(range(256)) * (1 << 13))
COMMITS = ("a" * 40, "b" * 40)


@dataclass
class Counting:
    """A progress that adds up the bytes that were hashed."""

    hashed: int = 0
    steps: list[str] = field(default_factory=list)

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Counting:
        self.steps.append(what)
        return self

    def note(self, words: str) -> None:
        """Nothing."""

    def advance(self, count: int) -> None:
        self.hashed += count

    def end(self) -> None:
        """Nothing."""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A Hub's cache with two snapshots of one blob."""
    repository = tmp_path / "hub/models--acme--bot"
    forge.write(repository, {"blobs/1": LARGE})
    for commit in COMMITS:
        place = forge.write(repository / "snapshots" / commit, {"config.json": b"{}"})
        (place / "model.safetensors").symlink_to("../../blobs/1")
    return tmp_path / "hub"


def looked(tmp_path: Path, cache: Path, **registry: object) -> Counting:
    """How much is hashed of the cache, by a registry with these fields."""
    counting = Counting()
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(trust(**registry)))
    (tmp_path / "provenance.toml").write_text('[policy]\nregistry = ["trust.toml"]\n')
    workspace = Workspace.open(
        tmp_path, environment={"OLLAMA_MODELS": str(tmp_path)}, progress=counting
    )
    found = workspace.inventory(cache)
    named = [m.name for m in found.models if m.place.startswith(str(tmp_path))]
    assert named == [f"acme/bot@{commit}" for commit in COMMITS]
    assert {model.state for model in found.models} == {State.UNKNOWN}
    return counting


def test_a_blob_is_hashed_once_wherever_it_is_linked_from(tmp_path: Path, cache: Path) -> None:
    refused = [{"files": [f"sha256:{'0' * 64}"], "reason": "r"}]
    assert looked(tmp_path, cache, revoked=refused).hashed == len(LARGE) + 2 * len(b"{}")


def test_what_no_digest_may_mean_is_not_hashed(tmp_path: Path, cache: Path) -> None:
    assert looked(tmp_path, cache).hashed == 2 * len(b"{}")


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    forge.write(tmp_path / "text", {"a.txt": b""})
    with pytest.raises(ConfigError, match="no model lies there"):
        Workspace.open(tmp_path).inventory(tmp_path / "text")
