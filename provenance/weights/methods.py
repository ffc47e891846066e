"""What adapters hold in place of weights: the names of their parameters, by method.

As peft, diffusers, kohya and LyCORIS, and MLX write them: behind the name of the module that is
changed, or, of what all modules share, by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

FIRST = ("lora_A", "lora_a", "lora_down", "lora.down", "lora_embedding_A")
SECOND = ("lora_B", "lora_b", "lora_up", "lora.up", "lora_embedding_B")
"""Factors that read the input, and those that write the output."""
TURNED = frozenset({"lora_a", "lora_b"})
"""Those whose axes stand the other way round (MLX)."""
BETWEEN = "lora_E"
"""Singular values that stand between the factors (AdaLoRA)."""
TOKENS = "trainable_tokens_delta"
"""The new rows of a table, one for each token that was trained."""
OWN: Mapping[str, str] = {
    "LoRA": r"lora_(?:[ABab]|embedding_[AB]|up|down)|lora\.(?:up|down)",
    "DoRA": r"lora_magnitude_vector|dora_scale",
    "AdaLoRA": r"lora_E",
    "KaSA": r"lora_diag",
    "trained tokens": TOKENS,
    "IA3": r"ia3_l",
    "LoHa": r"hada_(?:w[12](?:_[ab])?|t[12])",
    "LoKr": r"lokr_(?:w[12](?:_[ab])?|t2)",
    "VeRA": r"p?vera_lambda_[bd]",
    "OFT": r"oft_(?:[rRs]|diag|blocks)",
    "BOFT": r"boft_[Rs]",
    "HRA": r"hra_u",
    "FourierFT": r"fourierft_spectrum",
    "WaveFT": r"waveft_spectrum",
    "VB-LoRA": r"vblora_logits_[AB](?:_(?:topk_indices|topk_weights))?",
    "Bone": r"bone_block",
    "MiSS": r"miss_block",
    "RandLoRA": r"randlora_(?:lambda|gamma|A|B)",
    "SHiRA": r"shira_(?:weight|indices)",
    "C3A": r"c3a_kernel",
    "RoAd": r"road_(?:theta|alpha)",
    "GraLoRA": r"gralora_[AB](?:_general)?",
    "HiRA": r"hira_[AB]|hira_embedding_[AB]",
    "DeLoRA": r"delora_(?:A|B|lambda|w_norm)",
    "Poly": r"poly_(?:lora_[AB]|router)",
    "OSF": r"osf_svd_params",
    "norms": r"ln_tuning_layers",
    "adaption prompt": r"adaption_(?:prompt|gate)",
    "others of peft": r"(?:adamss|deft|frod|lily|peanut|psoft|supertuning|tinylora|unilora)_\w+",
}
"""Behind the name of a module."""
SHARED: Mapping[str, str] = {
    "VeRA": r"p?vera_[AB]",
    "RandLoRA": r"randlora_[AB]",
    "VB-LoRA": r"vblora_vector_bank",
    "TinyLoRA": r"tinylora_v",
    "Uni-LoRA": r"unilora_theta_d",
    "prompts": r"prompt_embeddings|prefix_task_(?:cols|rows)",
}
"""Of all modules together, or of what stands before the words of the user."""
_OWN = "|".join(OWN.values())
PARAMETER = re.compile(
    rf"(?P<of>.+?)\.(?:token_adapter\.)?(?P<word>{_OWN})(?P<rest>(?:\.[^.]+)*)", re.DOTALL
)
SHARED_BY_ALL = re.compile(rf"(?:base_model\.)?(?:{'|'.join(SHARED.values())})(?:\.[^.]+)*")
HELD = re.compile(
    rf"\.(?:{_OWN})(?:\.|$)|^(?:base_model\.)?(?:{'|'.join(SHARED.values())})(?:\.|$)"
    r"|(?:^|[._])lora[._](?:up|down)(?:\.|$)"
)
"""In the name of whatever an adapter holds in place of weights."""
NAMED = frozenset({*FIRST, *SECOND, BETWEEN, "lora_magnitude_vector"})
"""Parameters behind whose names that of their adapter may stand."""
ENDS = (".weight", ".bias")
BESIDE = ("alpha",)
"""What LyCORIS and kohya write beside them: a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter by its name: `changes` is the name of the weight or bias that it changes, `word`
    what it is called, and `adapter` what its adapter is called, where that is said."""

    changes: str
    word: str
    adapter: str = ""


def parameter(name: str) -> Parameter | None:
    """What a tensor of this name changes; None where it is a weight itself, or shared by all."""
    match = None if SHARED_BY_ALL.fullmatch(name) else PARAMETER.fullmatch(name)
    if match is None:
        return None
    of, word, rest = match.group("of", "word", "rest")
    end = next((end for end in ENDS if rest.endswith(end)), "")
    kind = ENDS[1] if end == ENDS[1] and word in SECOND else ENDS[0]
    if word not in NAMED:
        return Parameter(changes=f"{of}{kind}", word=f"{word}{rest}")
    return Parameter(changes=f"{of}{kind}", word=word, adapter=rest.removesuffix(end))
