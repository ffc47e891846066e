"""Which names of methods a step of each kind may have, in the words of trainers and cards."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from provenance.claims.claim import MethodClaim
from provenance.claims.methods import GROUPS, MEANS, PREFERENCES, of_class
from provenance.claims.parameters import MERGE
from provenance.wire.training import Method

OPEN = frozenset({Method.PRETRAIN, Method.FINETUNE, Method.LORA})
"""What says nothing of how: any training may be meant."""

TAUGHT = frozenset(
    {
        *("async-distillation", "distillation", "gkd", "gold", "iw-opd", "minillm"),
        *("sdft", "sdpo", "server-distillation"),
    }
)
CLASS = re.compile(r"(?:^|[.:\s])(\w+?)[\s_-]*trainer(?![\w.])", re.IGNORECASE)
"""The stem of a class, whatever stands around it: `trl.GRPOTrainer[T]`, `GRPO_Trainer `."""
OTHERS = frozenset({"kto", "orpo"})
FAMILIES: Mapping[Method, frozenset[str]] = {
    Method.SFT: MEANS["sft"] | MEANS["iterative-sft"],
    Method.DPO: (PREFERENCES | MEANS["dpo"] | {"papo"}) - OTHERS,
    Method.KTO: MEANS["kto"] | MEANS["bco"],
    Method.ORPO: MEANS["orpo"],
    Method.GRPO: GROUPS - {"rloo"},
    Method.RLOO: MEANS["rloo"],
    Method.PPO: MEANS["ppo"],
    Method.REWARD: MEANS["reward"] | MEANS["prm"],
    Method.DISTILL: TAUGHT | MEANS["sft"],
    Method.MERGE: MERGE,
    Method.CONVERT: MERGE,
}
"""Of each method all that an honest trainer of it may be called. Data of a teacher is learnt by
SFT, and mergekit converts a model that it merges with nothing."""


def says_nothing(method: Method) -> bool:
    """Whether a method leaves open how the weights were trained."""
    return method in OPEN


def compatible(method: Method, said: Collection[str]) -> bool:
    """Whether a step by a method may be what trainers or cards call by any of these names."""
    if says_nothing(method):
        return bool(set(said) - MERGE)
    return bool(FAMILIES.get(method, frozenset()) & set(said))


def of_setting(claim: MethodClaim) -> frozenset[str]:
    """What a setting may mean: LLaMA-Factory calls all that learns from preferences a stage of DPO,
    and names the loss apart."""
    staged = claim.key.endswith("stage") and "dpo" in claim.methods
    return claim.methods | PREFERENCES if staged else claim.methods


def of_trainer(name: str) -> frozenset[str]:
    """What a class that trains is for, by its full name: `trl.GRPOTrainer`, in any letter case;
    nothing where no table has it."""
    match = CLASS.search(name)
    found = of_class(f"{match[1]}Config") if match else None
    return found[0] if found and found[1] else frozenset()
