"""What is said of which modules were trained, and of what rank: by an adapter's configuration, by
recipes of trainers, by the parameters of a training statement.

Only tables whose keys can mean nothing else are read. Of a source with several adapters a merge of
all is meant: their modules together, and the sum of their highest ranks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provenance.claims.card.front import divided
from provenance.claims.card.training import of_training
from provenance.claims.configuration import values
from provenance.claims.parents import BY_NAME
from provenance.errors import Malformed
from provenance.formats import yaml, yaml_tree
from provenance.formats.content import is_card
from provenance.formats.names import suffix_of
from provenance.formats.parsed import Parsed
from provenance.weights.changes.scope import Declaration
from provenance.weights.methods import BETWEEN

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
FOUR: Mapping[str, frozenset[object]] = {
    "adapter": frozenset({"qlora"}),
    "peft_type": frozenset({"QLORA"}),
    "load_in_4bit": frozenset({True, "true"}),
    "quantization_bit": frozenset({4, "4"}),
}
"""What says that the base is rounded to four bits before it is trained."""
SCALED = ("use_dora", "peft_use_dora", "pissa_init")
"""What changes a weight by more than its factors, whatever their rank."""
INITIAL = frozenset({"gaussian", "eva", "orthogonal"})
"""Words for how factors begin of which the base's weight is left as it is (peft, LoraConfig)."""
SAVED = ("modules_to_save", "lora_modules_to_save", "additional_target")
LAYERS = ("layers_to_transform", "peft_layers_to_transform", "lora_layers_to_transform")
STACKS = ("layers_pattern", "peft_layers_pattern", "lora_layers_pattern")
EXCLUDED = ("exclude_modules", "lora_exclude_modules", "peft_exclude_modules")
LINEAR, ALL_LINEAR = "lora_target_linear", "all-linear"
BIASES = ("none", "lora_only", "all")
"""Words of peft for the biases that are trained, the least first."""
SETTINGS = frozenset(name for name in BY_NAME if suffix_of(name) in (".json", ".yaml", ".yml"))
DIGITS = re.compile(r"[0-9]{1,9}")
MAX_BLOCKS = 32
"""Blocks of code of a card that are looked into."""


@dataclass(frozen=True, slots=True)
class _Lora:
    """One table that tells of low-rank factors."""

    modules: tuple[str, ...]
    saved: tuple[str, ...]
    tokens: tuple[str, ...]
    indices: tuple[tuple[str, tuple[int, ...]], ...]
    rank: int | None
    bias: str
    ranks: tuple[tuple[str, int], ...]
    layers: tuple[int, ...]
    stacks: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def highest(self) -> int | None:
        """The highest rank of any module."""
        return None if self.rank is None else max(self.rank, *(rank for _, rank in self.ranks), 0)


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
    tables = [one for text in documents for one in values(text) if isinstance(one, dict)]
    found = tuple(dict.fromkeys(lora for table in tables if (lora := _lora(table))))
    if found:
        one = _alone(said, found[0]) if len(found) == 1 else _of_all(said, found)
        yield replace(one, four_bits=any(map(_is_rounded, tables)))


def _alone(said: str, one: _Lora) -> Declaration:
    """What one table says."""
    return Declaration(
        said=said,
        modules=one.modules,
        saved=one.saved,
        tokens=one.tokens,
        indices=one.indices,
        rank=one.rank,
        bias=one.bias,
        ranks=one.ranks if one.rank else (),
        layers=one.layers,
        stacks=one.stacks,
        excluded=one.excluded,
    )


def _of_all(said: str, some: Sequence[_Lora]) -> Declaration:
    """What several tables say together; what each leaves out is not followed."""
    ranks = [one.highest for one in some]
    whole = any(not one.modules for one in some)
    return Declaration(
        said=said,
        modules=() if whole else tuple(dict.fromkeys(m for one in some for m in one.modules)),
        saved=tuple(dict.fromkeys(name for one in some for name in one.saved)),
        tokens=tuple(dict.fromkeys(name for one in some for name in one.tokens)),
        indices=tuple(pair for one in some for pair in one.indices),
        rank=None if None in ranks else sum(rank or 0 for rank in ranks),
        bias=max((one.bias for one in some), key=BIASES.index),
    )


def _tables(file: Parsed) -> tuple[object, ...]:
    if suffix_of(file.path) == ".json":
        return (file.json(),)
    return yaml_tree.documents(file.content.head)


def _of_card(file: Parsed) -> Iterator[Declaration]:
    """What the front matter of a card says, and its recipes of how the model was trained; of
    several that differ any may be a step of its own: each may have the ranks of all."""
    text = yaml.lines(file.content.head).decode("utf-8", "surrogateescape")
    front = yaml.fences(text)
    parts = divided(text, front)
    own = of_training(parts.words, parts.fenced[:MAX_BLOCKS])
    texts = (*([text[slice(*front)]] if front else ()), *(one.text for one in own))
    found = tuple(dict.fromkeys(one for text in texts for one in _quoted(file.path, text)))
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
    if any(key in table and not _is_one(table[key], words) for key, words in CHOSEN.items()):
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
        tokens=tuple(name for name, _ in _tokens(table.get(TOKENS))),
        indices=tuple((name, rows) for name, rows in _tokens(table.get(TOKENS)) if rows),
        rank=rank if rank and _is_product(table) else None,
        bias=next((word for word in BIASES[1:] if word == table.get("bias")), bias),
        ranks=tuple(_ranks(table.get("rank_pattern"))),
        layers=tuple(n for key in LAYERS for n in _numbers(table.get(key))),
        stacks=tuple(name for key in STACKS for name in _names(table.get(key))),
        excluded=tuple(name for key in EXCLUDED for name in _excluded(table.get(key))),
    )


def _is_rounded(table: Mapping[object, object]) -> bool:
    """Whether a table says that the base is rounded to four bits first."""
    said = ((table.get(key), words) for key, words in FOUR.items())
    return any(isinstance(value, str | int) and value in words for value, words in said)


def _is_product(table: Mapping[object, object]) -> bool:
    """Whether the change of a weight is nothing but the product of two factors."""
    begun = table.get("init_lora_weights")
    plain = not isinstance(begun, str) or begun in INITIAL
    scaled = any(table.get(key) is True for key in SCALED)
    return plain and not scaled and _is_one(table.get("peft_type", "LORA"), FACTORED)


def _is_one(value: object, words: frozenset[str]) -> bool:
    return isinstance(value, str) and value in words


def _ranks(pattern: object) -> Iterator[tuple[str, int]]:
    """The ranks of some modules; AdaLoRA says of each direction whether it was kept."""
    for key, value in pattern.items() if isinstance(pattern, dict) else ():
        kept = isinstance(value, list) and all(isinstance(one, bool) for one in value)
        rank = sum(value) if kept else _rank(value)
        if isinstance(key, str) and rank is not None:
            yield key.removesuffix(f".{BETWEEN}"), rank


def _numbers(value: object) -> Iterator[int]:
    """The numbers of layers: one, or a list of them."""
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, str) and DIGITS.fullmatch(one):
            yield int(one)
        elif isinstance(one, int) and not isinstance(one, bool) and one >= 0:
            yield one


def _excluded(value: object) -> Iterator[str]:
    """The names in a list; a text is one regular expression."""
    if isinstance(value, list):
        yield from _names(value)
    elif isinstance(value, str) and value:
        yield f"(?:{value})"


def _tokens(value: object) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The tables of which some rows are trained, by their names or for the tokens of the one, and
    which rows."""
    if isinstance(value, dict):
        for name, rows in value.items():
            if isinstance(name, str) and name:
                yield name, tuple(_numbers(rows))
    elif isinstance(value, list) and value:
        yield TABLE, tuple(_numbers(value))


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
