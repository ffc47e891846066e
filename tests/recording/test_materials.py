"""What went in beside models, and what came of a run beside the model, as a statement has it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from provenance.model import File, Manifest
from provenance.recording.watched import materials
from provenance.recording.watched.materials import Materials
from provenance.recording.watched.meaning import Data, Meaning, Model
from provenance.recording.watched.runs import byproducts, tracked
from provenance.wire.training import MANIFEST, Material

C = "c" * 40


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name in ("work/a.json", "work/b.json", "work/run.yaml", "else/c.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def made(top: Path, meaning: Meaning, *replaced: str) -> list[Material]:
    gone = frozenset(str(top / name) for name in replaced)
    making = Materials(folder=str(top / "work"), replaced=gone, told=lambda _: None)
    return list(making.of(meaning))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def paths(top: Path, *names: str) -> tuple[str, ...]:
    return tuple(str(top / name) for name in names)


def test_files_are_named_from_the_working_directory_on(top: Path) -> None:
    files = paths(top, "work/a.json", "else/c.json")
    found = made(top, Meaning(data=(Data(place=str(top), files=files),)))
    assert [(one.note("path"), one.digest) for one in found] == [
        ("a.json", (("sha256", sha("work/a.json")),)),
        ("c.json", (("sha256", sha("else/c.json")),)),
    ]


def test_many_files_are_one(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materials, "SINGLE", 1)
    files = paths(top, "work/a.json", "work/b.json")
    (found,) = made(top, Meaning(data=(Data(place=str(top / "work"), files=files),)))
    rows = [File(path=name, size=11, digest=sha(f"work/{name}")) for name in ("a.json", "b.json")]
    assert found.digest == ((MANIFEST, Manifest.of(rows).digest.removeprefix("sha256:")),)
    assert (found.note("files"), found.note("size")) == (2, 22)


def test_more_than_are_hashed_are_not_pinned(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materials, "MOST", 1)
    files = paths(top, "work/a.json", "work/b.json")
    (found,) = made(top, Meaning(data=(Data(place=str(top / "work"), files=files),)))
    assert not found.pinned


def test_a_data_set_of_a_hub_is_known_by_its_commit() -> None:
    data = Data(place="/none", files=("/none/x",), repo="acme/rows", commit=C)
    (found,) = made(Path("/"), Meaning(data=(data,)))
    assert found.uri == "https://huggingface.co/datasets/acme/rows"
    assert found.digest == (("gitCommit", C),)


@pytest.mark.parametrize(("replaced", "pinned"), [((), True), (("work/run.yaml",), False)])
def test_settings_that_somebody_wrote_to_are_not_pinned(
    replaced: tuple[str, ...], pinned: bool, top: Path
) -> None:
    (found,) = made(top, Meaning(settings=paths(top, "work/run.yaml")), *replaced)
    assert (found.kind, found.note("path"), found.pinned) == ("config", "run.yaml", pinned)


@pytest.mark.parametrize(("replaced", "pinned"), [((), True), (("work/a.json",), False)])
def test_a_checkpoint_that_was_rotated_away_is_not_pinned(
    replaced: tuple[str, ...], pinned: bool, top: Path
) -> None:
    model = Model(place=str(top / "work"), files=paths(top, "work/a.json"))
    (found,) = made(top, Meaning(checkpoints=(model,)), *replaced)
    assert (found.kind, found.pinned) == ("checkpoint", pinned)


RUN = "0123456789abcdef" * 2
TRACKED = {
    "wandb": ("wandb/run-20260101_000000-a1b2", ("wandb-run", "a1b2")),
    "wandb offline": ("wandb/offline-run-20260101_000000-a1b2", ("wandb-run", "a1b2")),
    "mlflow": (f"mlruns/0/{RUN}", ("mlflow-run", RUN)),
    "nothing": ("mlruns/0/meta", None),
    "no run": ("wandb/latest-run", None),
}


@pytest.mark.parametrize("name", TRACKED)
def test_a_new_run_of_a_tracker_is_known(name: str, tmp_path: Path) -> None:
    place, run = TRACKED[name]
    before = tracked(tmp_path)
    (tmp_path / place).mkdir(parents=True)
    found = byproducts({}, before, tracked(tmp_path), [])
    assert [one.uri for one in found] == ([f"urn:{run[0]}:{run[1]}"] if run else [])


@pytest.mark.parametrize(
    ("value", "uris"), [("x1", ["urn:wandb-run:x1"]), ("", []), ("a b\n", []), ("x" * 200, [])]
)
def test_a_run_that_a_variable_names_counts_first(value: str, uris: list[str]) -> None:
    found = byproducts({"WANDB_RUN_ID": value}, frozenset(), frozenset(), [])
    assert [one.uri for one in found] == uris


def test_the_state_of_a_trainer_is_a_byproduct(tmp_path: Path) -> None:
    state = tmp_path / "trainer_state.json"
    state.write_text("{}")
    changed = [
        ("trainer_state.json", state),
        ("config.json", state),
        ("trainer_state.json", tmp_path),
    ]
    (found,) = byproducts({}, frozenset(), frozenset(), changed)
    assert found.digest == (("sha256", sha("{}")),)
