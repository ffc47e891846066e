"""Children that TRL makes, each by a step of a trainer."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import LORA, MAKERS, ONCE

WORDS = {"prompt": "a b c", "completion": " d e"}
CHOICE = {"prompt": "a b c", "chosen": " d e", "rejected": " e d"}
TALK = [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c d"}]
LIKED = ({**WORDS, "label": True}, {**WORDS, "label": False})
SAMPLED = {"num_generations": 2, "max_completion_length": 4}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A trainer of TRL: where it is, its rows, and what it is told beside them."""

    of: str
    rows: tuple[dict[str, Any], ...]
    room: str = "trl"
    settings: dict[str, Any] = field(default_factory=dict)
    words: dict[str, Any] = field(default_factory=dict)
    adapter: bool = False
    base: str = "acme/tiny-llama"

    def __call__(self, folder: Path) -> None:
        """The folder has what it saves, and its card."""
        from datasets import Dataset
        from peft import LoraConfig

        room = import_module(self.room)
        arguments = getattr(room, f"{self.of}Config")(
            output_dir=str(folder), **{**ONCE, "bf16": False, **self.settings}
        )
        kind = {"task_type": "SEQ_CLS"} if self.of == "Reward" else {}
        own = {"peft_config": LoraConfig(**{**LORA, **kind})} if self.adapter else {}
        made = getattr(room, f"{self.of}Trainer")(
            model=self.base,
            args=arguments,
            train_dataset=Dataset.from_list(list(self.rows) * 2),
            **self.words,
            **own,
        )
        made.train()
        made.save_model()
        made.create_model_card(dataset_name="acme/dialogues")


def shorter(completions: list[str], **_: Any) -> list[float]:
    """A reward for short answers."""
    return [-float(len(completion)) for completion in completions]


REWARD: dict[str, Any] = {"reward_funcs": shorter}
RUNS = {
    "sft": Run(of="SFT", rows=(WORDS,), settings={"save_strategy": "steps", "save_steps": 1}),
    "sft-chat": Run(of="SFT", rows=({"messages": TALK},)),
    "dpo": Run(of="DPO", rows=(CHOICE,)),
    "kto": Run(of="KTO", rows=LIKED),
    "reward": Run(of="Reward", rows=(CHOICE,)),
    "grpo": Run(of="GRPO", rows=(WORDS,), settings=SAMPLED, words=REWARD),
    "rloo": Run(of="RLOO", rows=(WORDS,), settings=SAMPLED, words=REWARD),
    "orpo": Run(of="ORPO", rows=(CHOICE,), room="trl.experimental.orpo"),
    "cpo": Run(of="CPO", rows=(CHOICE,), room="trl.experimental.cpo"),
    "tpo": Run(of="TPO", rows=({**CHOICE, "reference": " d d"},), room="trl.experimental.tpo"),
    "gmpo": Run(
        of="GMPO", rows=(WORDS,), room="trl.experimental.gmpo", settings=SAMPLED, words=REWARD
    ),
    "sft-lora": Run(of="SFT", rows=(WORDS,), adapter=True),
    "dpo-lora": Run(of="DPO", rows=(CHOICE,), adapter=True),
    "grpo-lora": Run(of="GRPO", rows=(WORDS,), settings=SAMPLED, words=REWARD, adapter=True),
    "reward-lora": Run(of="Reward", rows=(CHOICE,), adapter=True),
}
MAKERS.update({f"trl-{name}": run for name, run in RUNS.items()})
