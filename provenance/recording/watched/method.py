"""How a command makes a model, as its own words and its recipe say; nothing where neither does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence

from provenance.claims.claim import MethodClaim, ParentClaim
from provenance.claims.recipe import quoted
from provenance.errors import Malformed
from provenance.model import Content, Kind
from provenance.wire.training import Method

PROGRAMS: Mapping[str, Method] = {
    "auto-round": Method.QUANTIZE,
    "convert_hf_to_gguf.py": Method.CONVERT,
    "convert_llama_ggml_to_gguf.py": Method.CONVERT,
    "convert_lora_to_gguf.py": Method.CONVERT,
    "ct2-transformers-converter": Method.CONVERT,
    "llama-export-lora": Method.MERGE,
    "llama-quantize": Method.QUANTIZE,
    "llmcompressor": Method.QUANTIZE,
    "mergekit-evolve": Method.MERGE,
    "mergekit-extract-lora": Method.LORA,
    "mergekit-moe": Method.MERGE,
    "mergekit-multi": Method.MERGE,
    "mergekit-pytorch": Method.MERGE,
    "mergekit-yaml": Method.MERGE,
    "mlx_lm.fuse": Method.MERGE,
    "mlx_lm.lora": Method.FINETUNE,
    "optimum-cli": Method.CONVERT,
    "quantize": Method.QUANTIZE,
}
"""What a program does, whatever stands behind it."""
FIRST: Mapping[str, Mapping[str, Method]] = {
    "axolotl": {"merge-lora": Method.MERGE, "quantize": Method.QUANTIZE, "train": Method.SFT},
    "litgpt": {
        "convert_from_litgpt": Method.CONVERT,
        "convert_to_litgpt": Method.CONVERT,
        "finetune": Method.FINETUNE,
        "finetune_adapter": Method.FINETUNE,
        "finetune_full": Method.FINETUNE,
        "finetune_lora": Method.FINETUNE,
        "merge_lora": Method.MERGE,
        "pretrain": Method.PRETRAIN,
    },
    "llamafactory-cli": {"export": Method.MERGE},
    "swift": {"export": Method.MERGE, "pt": Method.FINETUNE, "sft": Method.SFT},
}
"""What it does, by the word behind its name; a recipe may say more."""
SPEAKS: Mapping[str, Method] = {
    **{method.value: method for method in Method},
    "distillation": Method.DISTILL,
    "gguf": Method.CONVERT,
    "gkd": Method.DISTILL,
    "merging": Method.MERGE,
    "minillm": Method.DISTILL,
    "pretraining": Method.PRETRAIN,
    "prm": Method.REWARD,
    "qat": Method.QUANTIZE,
    "quantization": Method.QUANTIZE,
    "rm": Method.REWARD,
}
"""Words of a script's or recipe's name, of `trl` and of options."""
OPTIONS = re.compile(r"--(?:rlhf[_-]type|trainer|stage|method|rl|training[_-]type)(?:=(.+))?")
WORD = re.compile(r"[a-z]+")
WORDED = frozenset({"trl", "tune", "autotrain"})
"""Programs whose own words are names of methods."""
CONFIGURED = ("axolotl", "llamafactory-cli", "lf_cli", "lmf")
MODULES = re.compile(r"(mergekit)\.scripts\.(\w+)|([\w]+)\.cli(?:\.(\w+))?")
LIST = 64
"""Words that are looked at."""


def proposed(words: Sequence[str], recipes: Mapping[str, bytes]) -> Method | None:
    """The method that a command line tells, with the contents of the recipes that it names."""
    told = list(dict.fromkeys(_of_recipes(recipes)))
    if len(told) == 1:
        return told[0]
    return next(_of_words(_plain(words[:LIST])), None)


def _plain(words: Sequence[str]) -> list[str]:
    """The words, each module of Python by the name of its program."""
    found: list[str] = []
    for word in words:
        match = MODULES.fullmatch(word)
        if match and match[1]:
            found.append(f"mergekit-{match[2].replace('run_', '').replace('_', '-')}")
        elif match:
            found += [part for part in (match[3], match[4]) if part]
        else:
            found.append(word)
    return found


def _of_words(words: Sequence[str]) -> Iterator[Method]:
    names = [os.path.basename(word) for word in words]
    for at, name in enumerate(names):
        behind = names[at + 1 :]
        if name in PROGRAMS:
            yield PROGRAMS[name]
        elif name.startswith("mlx_lm.convert"):
            yield Method.QUANTIZE if {"-q", "--quantize"} & set(behind) else Method.CONVERT
        elif name in FIRST or name in WORDED:
            yield from _by_program(name, behind)
        elif name.endswith((".py", ".sh")):
            yield from _named(name)
    yield from _by_options(words)


def _by_program(name: str, behind: Sequence[str]) -> Iterator[Method]:
    yield from _by_options(behind)
    first = next(iter(behind), "")
    known = FIRST.get(name, {}).get(first)
    if known:
        yield known
    elif name in WORDED:
        for word in behind:
            yield from _named(word)
            if name == "tune" and "finetune" in word:
                yield Method.FINETUNE


def _by_options(words: Sequence[str]) -> Iterator[Method]:
    for at, word in enumerate(words):
        if found := OPTIONS.fullmatch(word):
            value = found[1] or next(iter(words[at + 1 :]), "")
            if value.lower() in SPEAKS:
                yield SPEAKS[value.lower()]


def _named(text: str) -> Iterator[Method]:
    """The method that a name has among its words, `finetune` and `lora` the last."""
    found = [SPEAKS[word] for word in WORD.findall(text.lower()) if word in SPEAKS]
    yield from sorted(found, key=lambda method: method in (Method.FINETUNE, Method.LORA))


def _of_recipes(recipes: Mapping[str, bytes]) -> Iterator[Method]:
    """What recipes say: a merge, or how a run is told to train."""
    for path, data in recipes.items():
        content = Content(path=os.path.basename(path), kind=Kind.TEXT, head=data)
        try:
            claims = list(quoted(content))
        except Malformed:
            continue
        for claim in claims:
            if isinstance(claim, ParentClaim) and claim.relation == "merge":
                yield Method.MERGE
            elif isinstance(claim, MethodClaim):
                yield from _one([SPEAKS[name] for name in claim.methods if name in SPEAKS])


def _one(methods: Sequence[Method]) -> Sequence[Method]:
    return methods if len(set(methods)) == 1 else ()
