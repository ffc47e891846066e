"""How models are trained, by the names that trainers and cards give to it."""

from __future__ import annotations

METHODS = frozenset(
    {"cpo", "dpo", "grpo", "gkd", "kto", "online-dpo", "orpo", "ppo", "rloo", "sft", "simpo", "xpo"}
)
BY_CLASS = {
    "CPOConfig": "cpo",
    "DPOConfig": "dpo",
    "GKDConfig": "gkd",
    "GRPOConfig": "grpo",
    "KTOConfig": "kto",
    "ORPOConfig": "orpo",
    "OnlineDPOConfig": "online-dpo",
    "PPOConfig": "ppo",
    "PRMConfig": "prm",
    "RLOOConfig": "rloo",
    "RewardConfig": "reward",
    "SFTConfig": "sft",
    "UnslothGRPOConfig": "grpo",
    "UnslothSFTConfig": "sft",
}
"""Of TRL's trainers the class of their arguments, which lie beside a model as a pickle."""

LOGGED = (
    ("rewards/chosen", "dpo"),
    ("reward_std", "grpo"),
    ("objective/rlhf_reward", "rloo"),
)
"""What only one kind of trainer logs."""
