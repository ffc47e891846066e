"""What is said of which modules were trained, and of what rank: by an adapter's configuration, by
recipes of trainers, by the parameters of a training statement.

Only tables whose keys can mean nothing else are read. Of a source with several adapters a merge of
all is meant: their modules together, and the sum of their ranks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from provenance.claims.card.front import divided
from provenance.claims.configuration import values
from provenance.claims.parents import BY_NAME
from provenance.errors import Malformed
from provenance.formats import yaml, yaml_tree
from provenance.formats.content import is_card
from provenance.formats.names import suffix_of
from provenance.formats.parsed import Parsed
from provenance.weights.changes.declared import Declaration

ADAPTER = "adapter_config.json"
MODULES = ("target_modules", "target_parameters", "lora_target_modules", "lora_target")
RANKS = ("init_r", "lora_r", "lora_rank", "r")
TOKENS, TABLE = "trainable_token_indices", "embed_tokens"
FACTORED = frozenset({"LORA", "QLORA", "ADALORA"})
"""Types of peft whose change is a product of two factors of the rank that is said."""
CHOSEN: Mapping[str, frozenset[str]] = {
    "adapter": frozenset({"lora", "qlora"}),
    "finetuning_type": frozenset({"lora"}),
}
"""What turns on the factors that a recipe tells of (axolotl, LLaMA-Factory)."""
SCALED = ("use_dora", "peft_use_dora", "pissa_init")
"""What changes a weight by more than its factors, whatever their rank."""
INITIAL = frozenset({"gaussian", "eva", "orthogonal"})
"""Words for how factors begin of which the base's weight is left as it is (peft, LoraConfig)."""
SAVED = ("modules_to_save", "lora_modules_to_save", "additional_target")
LINEAR, ALL_LINEAR = "lora_target_linear", "all-linear"
BIASES = ("none", "lora_only", "all")
"""Words of peft for the biases that are trained, the least first."""
SETTINGS = frozenset(name for name in BY_NAME if suffix_of(name) in (".json", ".yaml", ".yml"))
DIGITS = re.compile(r"[0-9]{1,9}")
MAX_BLOCKS = 32
"""Blocks of settings and of code of a card that are looked into."""


@dataclass(frozen=True, slots=True)
class _Lora:
    """One table that tells of low-rank factors."""

    modules: tuple[str, ...]
    saved: tuple[str, ...]
    tokens: tuple[str, ...]
    rank: int | None
    bias: str


def of_files(files: Mapping[str, Parsed]) -> Iterator[Declaration]:
    """What the files of a model say that was trained, each place by itself; those in folders speak
    of what lies there."""
    for path, file in files.items():
        try:
            if path == ADAPTER or path in SETTINGS:
                yield from declared(path, _tables(file))
            elif is_card(path) and "/" not in path:
                yield from _of_card(file)
        except Malformed:
            continue


def of_parameters(said: str, text: str) -> Iterator[Declaration]:
    """What the parameters of a training statement say, a JSON text; `said` is whose it is."""
    try:
        yield from declared(said, (json.loads(text),) if text else ())
    except (ValueError, RecursionError):
        return


def declared(said: str, documents: Iterable[object]) -> Iterator[Declaration]:
    """What some documents say together; nothing where they tell of no factors."""
    found = dict.fromkeys(
        lora
        for document in documents
        for table in values(document)
        if isinstance(table, dict) and (lora := _lora(table))
    )
    if not found:
        return
    ranks = [one.rank for one in found]
    whole = any(not one.modules for one in found)
    yield Declaration(
        said=said,
        modules=() if whole else tuple(dict.fromkeys(m for one in found for m in one.modules)),
        saved=tuple(dict.fromkeys(name for one in found for name in one.saved)),
        tokens=tuple(dict.fromkeys(name for one in found for name in one.tokens)),
        rank=None if None in ranks else sum(rank or 0 for rank in ranks),
        bias=max((one.bias for one in found), key=BIASES.index),
    )


def _tables(file: Parsed) -> tuple[object, ...]:
    if suffix_of(file.path) == ".json":
        return (file.json(),)
    return yaml_tree.documents(file.content.head)


def _of_card(file: Parsed) -> Iterator[Declaration]:
    """What the front matter and the recipes of a card say; of several that differ any may be an
    example, or a step of its own: each may have the ranks of all."""
    text = file.content.head.decode("utf-8", "surrogateescape")
    parts = divided(text, yaml.fences(text))
    texts = [*(one.text for one in parts.blocks), *(one.text for one in parts.fenced)]
    found = dict.fromkeys(one for text in texts[:MAX_BLOCKS] for one in _quoted(file.path, text))
    ranks = [one.rank for one in found]
    rank = None if None in ranks else sum(one or 0 for one in ranks)
    yield from (replace(one, rank=rank) for one in found)


def _quoted(path: str, text: str) -> Iterator[Declaration]:
    try:
        yield from declared(path, yaml_tree.documents(text.encode("utf-8", "surrogateescape")))
    except Malformed:
        return


def _lora(table: Mapping[object, object]) -> _Lora | None:
    """What a table says of low-rank factors; None where it is about something else."""
    if any(key in table and table[key] not in words for key, words in CHOSEN.items()):
        return None
    modules = tuple(name for key in MODULES for name in _names(table.get(key)))
    if table.get(LINEAR) is True:
        modules = (*modules, ALL_LINEAR)
    own = modules or "peft_type" in table
    ranks = [_rank(table.get(key)) for key in RANKS if own or key != "r"]
    rank = next((rank for rank in ranks if rank), None)
    if not modules and rank is None:
        return None
    bias = "lora_only" if table.get("lora_bias") is True else BIASES[0]
    return _Lora(
        modules=tuple(ALL_LINEAR if name == "all" else name for name in modules),
        saved=tuple(name for key in SAVED for name in _names(table.get(key))),
        tokens=_tokens(table.get(TOKENS)),
        rank=_highest(table, rank) if rank and _is_product(table) else None,
        bias=next((word for word in BIASES[1:] if word == table.get("bias")), bias),
    )


def _is_product(table: Mapping[object, object]) -> bool:
    """Whether the change of a weight is nothing but the product of two factors."""
    begun = table.get("init_lora_weights")
    plain = not isinstance(begun, str) or begun in INITIAL
    scaled = any(table.get(key) is True for key in SCALED)
    return plain and not scaled and table.get("peft_type", "LORA") in FACTORED


def _highest(table: Mapping[object, object], rank: int) -> int:
    """The highest rank of any module."""
    pattern = table.get("rank_pattern")
    more = pattern.values() if isinstance(pattern, dict) else ()
    return max((rank, *(_rank(value) or 0 for value in more)))


def _tokens(value: object) -> tuple[str, ...]:
    """The tables of which some rows are trained, by their names or for the tokens of the one."""
    if isinstance(value, dict):
        return tuple(name for name in value if isinstance(name, str) and name)
    return (TABLE,) if isinstance(value, list) and value else ()


def _rank(value: object) -> int | None:
    """A rank that is a number, or a YAML scalar of digits."""
    if isinstance(value, str) and DIGITS.fullmatch(value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _names(value: object) -> Iterator[str]:
    """The names in a list, or in words between commas; a pattern is one name."""
    if isinstance(value, list):
        yield from (name for name in value if isinstance(name, str) and name)
    elif isinstance(value, str):
        pattern = any(sign in value for sign in "()[]|*^$\\")
        yield from [value] if pattern else value.replace(",", " ").split()
