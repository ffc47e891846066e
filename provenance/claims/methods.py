"""How models are trained, by the names that trainers and cards give to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

ALSO: Mapping[str, tuple[str, ...]] = {
    "async-distillation": ("distillation",),
    "async-grpo": ("grpo",),
    "cpo": ("simpo",),
    "dpo": ("ipo",),
    "gfpo": ("grpo",),
    "gmpo": ("grpo",),
    "grpo": ("dapo", "dr-grpo", "gspo"),
    "ipo": ("dpo",),
    "iterative-sft": ("sft",),
    "reward": ("reward-trainer",),
    "server-distillation": ("distillation",),
    "simpo": ("cpo",),
}
"""The other names that an honest card may give to a method: TRL 0.9 to 1.16 write their own tag and
`trained with`, and a loss of its own has a name too (IPO is a loss of DPO)."""

ONE_NAME = (
    "alignprop",
    "a2po",
    "bco",
    "ddpo",
    "distillation",
    "gkd",
    "gold",
    "iw-opd",
    "kto",
    "minillm",
    "nash-md",
    "online-dpo",
    "orpo",
    "papo",
    "ppo",
    "prm",
    "rloo",
    "sdft",
    "sdpo",
    "sft",
    "tpo",
    "xpo",
)
MEANS: Mapping[str, frozenset[str]] = {
    method: frozenset({method, *ALSO.get(method, ())}) for method in (*ALSO, *ONE_NAME)
}
"""Of each method of a trainer all its names."""

IN_WORDS = {"supervised fine-tuning": "sft"}
"""What a board of settings calls a method."""

WORDS_OF_OTHERS = frozenset({"distillation", "gold", "reward"})
"""What a tag of a card may mean otherwise: alone it states no method."""

METHODS = frozenset().union(*MEANS.values()) - WORDS_OF_OTHERS
"""What a card states as a method."""

SPELLED = {
    "asyncdistillation": "async-distillation",
    "asyncgrpo": "async-grpo",
    "grpowithreplaybuffer": "grpo",
    "iterativesft": "iterative-sft",
    "iwopd": "iw-opd",
    "nashmd": "nash-md",
    "onlinedpo": "online-dpo",
    "ppov2": "ppo",
    "serverdistillation": "server-distillation",
}
"""How the stem of a trainer's class spells the methods that have a hyphen or two versions."""

TRAINERS_OWN = re.compile(
    r"(?:trl\.[\w.]+|axolotl\.[\w.]+|Unsloth\w+|__main__)\.(?:Unsloth|Axolotl)?(\w+)Config"
)
ANY_CLASS = re.compile(r"(?:.*\.)?(?:Unsloth|Axolotl)?(\w+)Config")
NO_TRAINERS = frozenset(
    {"base", "dataset", "datasetmixture", "merge", "model", "onpolicy", "training", "vllmclient"}
)
"""Configurations of TRL that are no trainer's arguments, or those of any."""

PREFERENCES = frozenset(
    {"bco", "cpo", "dpo", "ipo", "kto", "nash-md", "online-dpo", "orpo", "simpo", "tpo", "xpo"}
)
ONLINE = frozenset({"online-dpo", "ppo", "rloo"})
GROUPS = frozenset(
    {
        *("a2po", "async-grpo", "dapo", "dr-grpo", "gfpo", "gmpo", "grpo", "gspo", "minillm"),
        *("papo", "rloo"),
    }
)
LOGGED: tuple[tuple[str, frozenset[str]], ...] = (
    ("log_odds_ratio", frozenset({"orpo"})),
    ("objective/rlhf_reward", ONLINE),
    ("loss/policy_avg", frozenset({"ppo", "rloo"})),
    ("env/reward_std", frozenset({"ppo"})),
    ("rewards/probabilities", frozenset({"nash-md"})),
    ("loss/xpo", frozenset({"xpo"})),
    ("rewards/chosen", PREFERENCES),
    ("self_distillation/distillation_loss", frozenset({"sdft", "sdpo"})),
    ("frac_reward_zero_std", GROUPS),
    ("reward_std", GROUPS),
    ("matched_loss", frozenset({"gold"})),
)
"""What each key of a log can mean, the most telling first: read in TRL 0.9 to 1.16."""

TITLES = {
    "alignprop": "AlignProp",
    "async-grpo": "async GRPO",
    "iterative-sft": "iterative SFT",
    "minillm": "MiniLLM",
    "nash-md": "Nash-MD",
    "online-dpo": "online DPO",
}
"""Where it is not its name in capitals."""

BEST_KNOWN = ("grpo", "dpo", "ppo")
"""The methods by which a reader knows what a trace of many can mean."""
FEW = 3
"""Methods that are named one by one."""


def of_class(name: str) -> tuple[frozenset[str], bool] | None:
    """What the class of a trainer's arguments says, by its full name, and whether it is known.

    None for a class that is no trainer's, or that of any. One that no table has is its own method:
    the stem of its name.
    """
    method = _of_stem(name)
    if method in MEANS:
        return MEANS[method], True
    own = TRAINERS_OWN.fullmatch(name) is not None
    return (frozenset({method}), False) if own and method not in NO_TRAINERS else None


def trained_for(key: str, methods: Collection[str]) -> str:
    """What the trainer is for that left a trace: what the class that `key` names is for, else any
    of the `methods`, of which many are counted."""
    if method := _of_stem(key):
        return titles([method])
    if len(methods) <= FEW:
        return titles(methods)
    first = next((one for one in BEST_KNOWN if one in methods), min(methods))
    return f"{titles([first])} or {len(methods) - 1} methods like it"


def _of_stem(name: str) -> str:
    match = TRAINERS_OWN.fullmatch(name) or ANY_CLASS.fullmatch(name)
    stem = match[1].lower() if match else ""
    return SPELLED.get(stem, stem)


def titles(methods: Iterable[str]) -> str:
    """The methods as a sentence names them: `DPO, KTO or ORPO`."""
    names = [TITLES.get(one) or one.upper() for one in sorted(methods)]
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
