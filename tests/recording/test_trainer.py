"""A trainer as it is seen by whoever it calls, with nothing of transformers here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provenance.errors import ConfigError
from provenance.recording import resumed, trainer
from provenance.wire.training import Method
from tests.cli.shop import dependencies
from tests.recording.studio import Studio, studio_at


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return studio_at(tmp_path)


class Handler:
    """Calls every callback, as that of a trainer does."""

    def __init__(self, callbacks: list[Any]) -> None:
        self.callbacks = callbacks

    def call(self, **known: object) -> None:
        for callback in self.callbacks:
            callback.begin(**known)


class GRPOTrainer:
    """A trainer that tells its callbacks of the beginning, and of nothing else."""

    __module__ = "trl.trainer.grpo_trainer"

    def __init__(self, model: object, arguments: object, data: object, *callbacks: Any) -> None:
        self.model, self.arguments, self.train_dataset = model, arguments, data
        self.callback_handler = Handler(list(callbacks))

    def train(self, resume_from_checkpoint: str | None = None, step: int = 0) -> None:
        state = SimpleNamespace(global_step=step)
        self.callback_handler.call(args=self.arguments, state=state, model=self.model)


class Seeing:
    """A callback that keeps what it sees."""

    def begin(self, **known: object) -> None:
        self.seen = trainer.around(self, **known)


def model(name: str, **more: Any) -> Any:
    config = SimpleNamespace(_name_or_path=name, _commit_hash=None)
    return SimpleNamespace(config=config, state_dict=dict, **more)


def arguments(out: Path) -> Any:
    return SimpleNamespace(output_dir=str(out), world_size=2, seed=7, max_steps=3, hub_token="x")


def seen(of: object, out: Path, data: object = (), **words: Any) -> trainer.Training:
    """What a callback sees of a trainer of this model."""
    callback = Seeing()
    GRPOTrainer(of, arguments(out), data, Seeing(), callback).train(**words)
    return callback.seen


def test_a_trainer_is_the_one_that_calls(tmp_path: Path) -> None:
    found = seen(model("base"), tmp_path, ["rows"])
    assert isinstance(found.trainer, GRPOTrainer)
    assert len(found.callbacks) == 2
    assert (found.data, found.step, found.checkpoint) == (["rows"], 0, None)
    alone = trainer.around(Seeing(), args=arguments(tmp_path), train_dataloader=["loader"])
    assert (alone.trainer, alone.data) == (None, ["loader"])


def test_what_a_trainer_goes_on_from_is_what_it_was_asked_for(tmp_path: Path) -> None:
    for name in ("checkpoint-2", "kept"):
        (tmp_path / name).mkdir()
    asked = seen(model("base"), tmp_path, step=2, resume_from_checkpoint=str(tmp_path / "kept"))
    assert asked.checkpoint == tmp_path / "kept"
    assert seen(model("base"), tmp_path, step=2).checkpoint == tmp_path / "checkpoint-2"
    assert seen(model("base"), tmp_path, step=3).checkpoint is None


def test_what_is_seen_of_a_training_stands_in_its_statement(studio: Studio) -> None:
    run = studio.recording(method=None, parents=[])
    trainer.meet(run, seen(model(str(studio.top / "base")), studio.top / "out", ["rows"]))
    studio.save()
    run.finish()
    (statement,) = studio.statements
    definition = statement["predicate"]["buildDefinition"]
    outside, inside = definition["externalParameters"], definition["internalParameters"]
    assert outside["method"] == Method.GRPO
    assert outside["trainer"] == "trl.trainer.grpo_trainer.GRPOTrainer"
    assert outside["parameters"] == {"max_steps": 3, "seed": 7}
    assert (inside["environment"]["worldSize"], inside["environment"]["seed"]) == (2, 7)
    (parent,) = dependencies(statement, "parent")
    assert parent["uri"] == "pkg:huggingface/acme/base"
    (rows,) = dependencies(statement, "dataset")
    assert rows["annotations"] == {"class": "builtins.list", "unpinned": True}


TRAINED = SimpleNamespace(any=lambda: True)
AGAIN = {
    "peft_config": {"default": SimpleNamespace(init_lora_weights=True)},
    "named_parameters": lambda: [("layer.lora_B.weight", TRAINED)],
}
CONTRADICTED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "parent": ({"parents": ["sft"], "method": None}, {}, "expected .*base.* found sft"),
    "method": ({"method": "sft"}, {}, "expected 'grpo'"),
    "pretrain": ({"method": "pretrain", "parents": []}, {}, "the model was loaded from"),
    "lora": ({"method": "lora"}, {}, "with an adapter"),
    "adapter": ({"parents": [], "method": None}, AGAIN, "was trained before"),
}


@pytest.mark.parametrize("name", CONTRADICTED)
def test_what_the_caller_says_and_what_is_seen_must_agree(studio: Studio, name: str) -> None:
    words, more, says = CONTRADICTED[name]
    training = seen(model(str(studio.top / "base"), **more), studio.top / "out")
    with pytest.raises(ConfigError, match=says):
        trainer.meet(studio.recording(**words), training)


def test_a_model_of_nothing_is_pretrained_if_that_is_said(studio: Studio) -> None:
    training = seen(model(""), studio.top / "out")
    with pytest.raises(ConfigError, match="or say method='pretrain'"):
        trainer.meet(studio.recording(method=None, parents=[]), training)
    run = studio.recording(method="pretrain", parents=[])
    trainer.meet(run, training)
    studio.save()
    run.finish()
    assert dependencies(studio.statements[0], "parent") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"started": "2026-01-02T03:04:05Z"}', "2026-01-02T03:04:05Z"),
        ('{"started": "yesterday <script>"}', ""),
        ('{"started": 3}', ""),
        ("[]", ""),
        ("no json", ""),
        ('{"started": "' + "9" * 10_000 + '"}', ""),
        (None, ""),
    ],
)
def test_when_a_run_began_is_read_as_a_time_or_not_at_all(
    tmp_path: Path, text: str | None, expected: str
) -> None:
    if text is not None:
        (tmp_path / resumed.FILE).write_text(text)
    assert resumed.begun_at(tmp_path) == expected
