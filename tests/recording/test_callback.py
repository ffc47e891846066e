"""The callback of a trainer, with nothing of transformers here: who writes, what, and when."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provenance.errors import ConfigError
from provenance.recording import resumed
from tests import forge
from tests.recording.heard import Heard
from tests.recording.studio import MADE, Studio, studio_at

MODULE = "provenance.train"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return studio_at(tmp_path)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def callback(studio: Studio, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One that attests `acme/out`, where transformers is a class to inherit from and no more."""
    monkeypatch.setitem(sys.modules, "transformers", SimpleNamespace(TrainerCallback=object))
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    usual = studio.recording().terms
    workspace = replace(usual.workspace, progress=heard)
    words = {"key": usual.key, "policy": usual.policy, "workspace": workspace}
    yield import_module(MODULE).AttestationCallback("acme/out", **words)
    del sys.modules[MODULE]


class Trainer:
    """Trains nothing, calls its callback, and saves as `save` does."""

    def __init__(self, studio: Studio, callback: Any, save: Callable[[Path], object]) -> None:
        config = SimpleNamespace(_name_or_path=str(studio.top / "base"), _commit_hash=None)
        self.model = SimpleNamespace(config=config)
        self.args = SimpleNamespace(output_dir=str(studio.top / "out"), world_size=2, seed=7)
        self.callback_handler = SimpleNamespace(callbacks=[callback])
        self.train_dataset, self.save = ["rows"], save
        self.callback = callback

    def train(self, *, first: bool) -> None:
        state = SimpleNamespace(is_world_process_zero=first, global_step=0)
        for event in ("on_train_begin", "on_step_begin", "on_save", "on_train_end"):
            getattr(self.callback, event)(self.args, state, None, model=self.model)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        self.save(Path(output_dir or self.args.output_dir))


def saved(folder: Path) -> None:
    forge.write(folder, MADE)


def by_zero(folder: Path) -> None:
    """What ZeRO 3 writes where it gathers nothing: as the Trainer says, to be run through a
    script."""
    for rank in (0, 1):
        name = f"global_step2/zero_pp_rank_{rank}_mp_rank_00_model_states.pt"
        forge.write(folder, {name: b"half", "latest": b"global_step2", "zero_to_fp32.py": b""})
    forge.write(folder, {"config.json": forge.MODEL["config.json"]})


def by_fsdp(folder: Path) -> None:
    forge.write(folder, {"pytorch_model_fsdp_0/__0_0.distcp": b"half"})


def nothing(folder: Path) -> None:
    """As FSDP saves outside checkpoints, where its state is in shards."""


def test_the_first_process_writes_one_statement(studio: Studio, callback: Any) -> None:
    trainer = Trainer(studio, callback, saved)
    trainer.train(first=True)
    trainer.save_model()
    assert len(studio.statements) == 1
    trainer.save_model()
    assert len(studio.statements) == 1


def test_it_says_what_is_to_be_done_and_then_what_was_done(
    studio: Studio, callback: Any, heard: Heard
) -> None:
    trainer = Trainer(studio, callback, saved)
    trainer.train(first=True)
    said = "trained; the statement is written when the model is saved"
    assert [one.partition(" to ")[0] for one in heard.notes] == [said]
    assert "trainer.save_model()" in heard.notes[0]
    trainer.save_model()
    assert heard.notes[1].startswith("attested: out/claims.jsonl (acme/out by ")
    assert len(heard.notes) == 2


def test_another_process_saves_with_it_and_writes_nothing(studio: Studio, callback: Any) -> None:
    trainer = Trainer(studio, callback, saved)
    (studio.top / "key.pem").unlink()
    trainer.train(first=False)
    trainer.save_model()
    assert callback.finish() is None
    assert {path.name for path in (studio.top / "out").iterdir()} == set(MADE)


@pytest.mark.parametrize(
    ("save", "says"),
    [
        (by_zero, "only what each process has .* zero_to_fp32.py"),
        (by_fsdp, "only what each process has .* FULL_STATE_DICT"),
        (nothing, "no weights stand here"),
    ],
)
def test_what_each_process_has_is_no_model(
    studio: Studio,
    callback: Any,
    save: Callable[[Path], object],
    says: str,
    heard: Heard,
) -> None:
    trainer = Trainer(studio, callback, save)
    trainer.train(first=True)
    trainer.save_model()
    assert re.search(says, heard.notes[-1])
    assert not studio.statements
    with pytest.raises(ConfigError, match=says):
        callback.finish()
    saved(studio.top / "out")
    callback.finish()
    (statement,) = studio.statements
    names = {one["name"] for one in statement["subject"]}
    assert not any("/" in name for name in names)
    assert {*MADE} <= names


def test_a_checkpoint_that_cannot_be_written_to_ends_no_training(tmp_path: Path) -> None:
    (tmp_path / resumed.FILE).mkdir()
    resumed.leave(tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    assert resumed.begun_at(tmp_path) == ""
    assert [path.name for path in tmp_path.iterdir()] == [resumed.FILE]
