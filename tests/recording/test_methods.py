"""The method of a training by the class of its trainer, and what a caller may say of it."""

from __future__ import annotations

import pytest

from provenance.errors import ConfigError
from provenance.recording.methods import Seen, chosen, seen
from provenance.wire.training import Method


def made(name: str, *bases: type) -> type:
    """A class by its full name."""
    module, _, short = name.rpartition(".")
    return type(short, bases or (object,), {"__module__": module, "__qualname__": short})


BY_CLASS = {
    "trl.trainer.sft_trainer.SFTTrainer": Method.SFT,
    "trl.trainer.sft_config.SFTConfig": Method.SFT,
    "trl.trainer.dpo_trainer.DPOTrainer": Method.DPO,
    "trl.trainer.kto_trainer.KTOTrainer": Method.KTO,
    "trl.experimental.orpo.orpo_trainer.ORPOTrainer": Method.ORPO,
    "trl.trainer.grpo_trainer.GRPOTrainer": Method.GRPO,
    "trl.experimental.async_grpo.async_grpo_trainer.AsyncGRPOTrainer": Method.GRPO,
    "trl.trainer.rloo_trainer.RLOOTrainer": Method.RLOO,
    "trl.trainer.ppo_trainer.PPOTrainer": Method.PPO,
    "trl.trainer.reward_trainer.RewardTrainer": Method.REWARD,
    "trl.trainer.prm_trainer.PRMTrainer": Method.REWARD,
    "trl.experimental.gkd.gkd_trainer.GKDTrainer": Method.DISTILL,
    "trl.experimental.gold.gold_trainer.GOLDTrainer": Method.DISTILL,
    "trl.trainer.distillation_trainer.DistillationTrainer": Method.DISTILL,
    "unsloth_compiled_cache.UnslothSFTTrainer.UnslothSFTTrainer": Method.SFT,
    "trl.experimental.cpo.cpo_trainer.CPOTrainer": None,
    "transformers.trainer.Trainer": None,
    "transformers.trainer_seq2seq.Seq2SeqTrainer": None,
    "sentence_transformers.trainer.SentenceTransformerTrainer": None,
    "__main__.MyTrainer": None,
}
"""None where a class says no more than that a model is tuned."""


@pytest.mark.parametrize("name", BY_CLASS)
def test_the_class_of_a_trainer_says_how_it_trains(name: str) -> None:
    found, expected = seen(made(name)), BY_CLASS[name]
    assert (found.method, found.known) == (expected or Method.FINETUNE, expected is not None)
    assert found.by == name


def test_a_class_made_from_a_trainer_trains_as_that_does() -> None:
    own = made("__main__.Mine", made("trl.trainer.dpo_trainer.DPOTrainer"))
    assert seen(own).method is Method.DPO
    assert seen(made("a.Trainer"), made("trl.trainer.kto_config.KTOConfig")).method is Method.KTO


GRPO, ANY = Seen(method=Method.GRPO, by="trl.GRPOTrainer", known=True), Seen(by="a.Trainer")
NOBODY = Seen()
SAID: list[tuple[Method | None, Seen, bool, int, Method | str]] = [
    (None, GRPO, False, 1, Method.GRPO),
    (None, ANY, True, 1, Method.FINETUNE),
    (None, ANY, False, 0, "not known"),
    (Method.SFT, ANY, False, 1, Method.SFT),
    (Method.SFT, NOBODY, False, 1, Method.SFT),
    (Method.SFT, GRPO, False, 1, "expected 'grpo'"),
    (Method.GRPO, GRPO, False, 1, Method.GRPO),
    (Method.FINETUNE, GRPO, False, 1, Method.FINETUNE),
    (Method.LORA, GRPO, True, 1, Method.LORA),
    (Method.LORA, GRPO, False, 1, "with an adapter"),
    (Method.MERGE, ANY, False, 2, "found 'merge'"),
    (Method.MERGE, NOBODY, False, 2, Method.MERGE),
    (Method.PRETRAIN, ANY, False, 0, Method.PRETRAIN),
    (Method.PRETRAIN, GRPO, False, 0, Method.PRETRAIN),
]


@pytest.mark.parametrize(("stated", "found", "adapter", "parents", "expected"), SAID)
def test_a_method_that_contradicts_what_is_seen_is_an_error(
    stated: Method | None, found: Seen, adapter: bool, parents: int, expected: Method | str
) -> None:
    if isinstance(expected, Method):
        assert chosen(stated, found, adapter=adapter, parents=parents) is expected
        return
    with pytest.raises(ConfigError, match=expected):
        chosen(stated, found, adapter=adapter, parents=parents)
