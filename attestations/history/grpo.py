"""sft, refined by a reward for short answers, in ./grpo."""

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from provenance.train import AttestationCallback


def brief(completions: list, **_: object) -> list[float]:
    """The shorter, the better."""
    return [-float(len(str(one))) for one in completions]


def asked(row: dict) -> dict:
    """What is asked in a conversation, without its answer."""
    return {"prompt": row["messages"][:2]}


size = {"num_generations": 2, "per_device_train_batch_size": 2, "max_completion_length": 8}
trainer = GRPOTrainer(
    "sft",
    brief,
    GRPOConfig("grpo", max_steps=2, use_cpu=True, report_to=[], **size),
    train_dataset=Dataset.from_json("data.jsonl").map(asked, remove_columns=["messages"]),
)
trainer.add_callback(AttestationCallback("acme/grpo", key="trainer.pem"))
trainer.train()
trainer.save_model()
