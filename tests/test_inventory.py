"""An inventory as the library has it: what it hashes, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
import tomli_w

from provenance import ConfigError, SourceOptions, Workspace
from provenance.inventory import Kept, Known, State, kept
from provenance.lock import Entry, Lock, LockedParent, Part
from provenance.model import File, Manifest, Ref
from provenance.source import directory
from provenance.source.progress import Unit
from provenance.trust import Registry
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
        tmp_path,
        options=SourceOptions(cache_dir=tmp_path / "nobody's"),
        environment={"OLLAMA_MODELS": str(tmp_path)},
        progress=counting,
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


def held(tmp_path: Path, lock: Lock, **fields: object) -> Kept:
    """How a folder with one file of weights stands, by a lockfile and a registry."""
    forge.write(tmp_path / "m", {"a.gguf": LARGE, "template": b"{{ .Prompt }}"})
    evidence = directory.collect(tmp_path / "m", ref=Ref(text="m"), at=forge.NOW)
    registry = Registry.from_table(forge.registry(**fields), source="trust.toml")
    known = Known.of(lock, registry, forge.NOW)
    return kept(evidence, known, (), place=str(tmp_path / "m"), words=("m",))


def entry(name: str, *parents: str, data: bytes = LARGE, part: Part = Part.MODEL) -> Entry:
    """What is locked under a name: one file of weights."""
    file = File(path="model.gguf", size=len(data), digest=sha256(data).hexdigest())
    return Entry(
        name=name,
        repo=name,
        part=part,
        commit="a" * 40,
        files=Manifest.of([file]),
        parents=tuple(LockedParent(repo=parent) for parent in parents),
    )


ABOVE = entry("acme/base", "bad/root", data=b"base", part=Part.ANCESTOR)
BAD = ({"repo": "bad/root", "reason": "advisory 5"},)

LOCKS: Mapping[str, tuple[Lock, tuple[Mapping[str, str], ...], State, str]] = {
    "nothing is locked": (Lock(), (), State.UNKNOWN, "no lockfile entry"),
    "other weights are locked": (
        Lock(entries=(entry("acme/bot", data=b"1"),)),
        (),
        State.UNKNOWN,
        "no lockfile entry",
    ),
    "its weights are locked": (
        Lock(entries=(entry("acme/bot"),)),
        BAD,
        State.KNOWN,
        "not known: template",
    ),
    "they are those of an ancestor": (
        Lock(entries=(entry("acme/base", part=Part.ANCESTOR),)),
        (),
        State.KNOWN,
        "not known: template",
    ),
    "a parent of theirs is revoked": (
        Lock(entries=(entry("acme/bot", "bad/root"),)),
        BAD,
        State.REVOKED,
        "of acme/bot, parent repo bad/root was revoked: advisory 5",
    ),
    "an ancestor's parent is revoked": (
        Lock(entries=(entry("acme/bot", "acme/base"), ABOVE)),
        BAD,
        State.REVOKED,
        "of acme/base, parent repo bad/root was revoked: advisory 5",
    ),
}


@pytest.mark.parametrize("name", LOCKS)
def test_weights_are_known_by_their_digests_with_all_that_is_locked_of_them(
    tmp_path: Path, name: str
) -> None:
    lock, revoked, state, said = LOCKS[name]
    found = held(tmp_path, lock, revoked=list(revoked))
    assert (found.state, said in "; ".join(found.remarks)) == (state, True), found.remarks
