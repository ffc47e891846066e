"""What somebody says was trained, and which tensors and ranks that covers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from provenance.weights.changes.change import BESIDE, Change, Kind, are_among
from provenance.weights.changes.pattern import Pattern
from provenance.weights.changes.spellings import modules_of, parts_of, wholes_of
from provenance.weights.names import Use, use_of

ALL_LINEAR = "all-linear"
NAMES = re.compile(r"[\w.\-]*")
"""What one module is called; one text with other signs in it is a regular expression."""
NORMS = re.compile(r"(?:norm|(?:^|[._])ln)[\w]*$", re.IGNORECASE)
TABLES = frozenset({"lm_head", "embed_out", "output", "model.embed_tokens", "wte", "shared"})
"""What head and table are called where they are one."""
EXPERTS = "experts"
"""The module that holds all experts of a layer: as parameters, which have no module themselves."""
ROWS = frozenset({Kind.ROWS, Kind.RESHAPED})
HEAD = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output)$")
LAYER = re.compile(r"(?:^|\.)([^.]+)\.([0-9]{1,6})(?=\.)")
"""A number in a name, and the word before it."""
EXPRESSIONS = 64
"""Ranks that stand under regular expressions, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What somebody says was trained: `said` is who and where.

    `modules` are names as peft's `target_modules` has them (`q_proj`, `all-linear`, one regular
    expression), empty where the whole model may change; `saved` those that are trained whole beside
    them; `tokens` tables of which some rows are, and `indices` which rows of each; `rank` the rank
    of the factors, None where it is not said; `bias` peft's word for which biases are trained:
    none, all, lora_only.

    `ranks` are those of some modules, under the ends of their names or regular expressions of them,
    the first that matches; `layers` the numbers of the only layers whose modules are trained, of
    the stacks that are called as in `stacks`, where those are said; `excluded` are not trained.
    `four_bits` says that the base was rounded to four bits first, all of its linear modules.
    """

    said: str
    modules: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    indices: tuple[tuple[str, tuple[int, ...]], ...] = ()
    rank: int | None = None
    bias: str = "none"
    ranks: tuple[tuple[str, int], ...] = ()
    layers: tuple[int, ...] = ()
    stacks: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    four_bits: bool = False


class Scope:
    """What a declaration covers, as peft matches the names (tuners/tuners_utils.py)."""

    def __init__(self, declared: Declaration, *, tied: bool) -> None:
        self._declared, self._tied = declared, tied
        self.rank = declared.rank
        self._modules = _Named(declared.modules)
        self._excluded = _Named(declared.excluded)
        self._ranks = _Ranks(declared.ranks)
        self.unread = self._modules.unread or self._excluded.unread or self._ranks.unread

    def may_change(self, change: Change) -> bool:
        """Whether it was declared that this tensor is trained."""
        modules = modules_of(change)
        if not self._declared.modules or self._is_saved(modules):
            return True
        if self._has_tokens(modules) and self._are_tokens(change, modules):
            return True
        if change.name.endswith(".bias") and self._declared.bias != "lora_only":
            return self._declared.bias == "all"
        return self._is_inside(change)

    def is_whole(self, change: Change) -> bool:
        """Whether it was declared that all of it is trained, or rows of it, and not factors."""
        modules = modules_of(change)
        return not self._declared.modules or self._is_saved(modules) or self._has_tokens(modules)

    def is_table(self, change: Change) -> bool:
        """Whether it is a table of tokens, or the head, as far as its name tells."""
        modules = modules_of(change)
        return any(use_of(one) is Use.TABLE or HEAD.search(one) for one in modules)

    def is_rounded(self, change: Change) -> bool:
        """Whether it was declared that this tensor is rounded to four bits."""
        is_weight = not change.name.endswith(".bias")
        return self._declared.four_bits and is_weight and all(map(is_linear, modules_of(change)))

    def rank_of(self, change: Change) -> int | None:
        """The declared rank, where it binds this tensor."""
        modules = modules_of(change)
        if self._is_saved(modules) or self._has_tokens(modules) or self._declared.rank is None:
            return None
        if self._names(modules):
            return self._own_rank(modules)
        ranks = [self._own_rank((part,)) for part in parts_of(change)]
        return sum(ranks) if ranks else self._own_rank(modules)

    def found_in(self, change: Change) -> int | None:
        """The rank to be held against that: of the whole tensor where its module is declared, of
        the part that changed where that is."""
        is_whole = change.whole is not None and self._names(modules_of(change))
        return change.whole if is_whole else change.rank

    def _own_rank(self, modules: tuple[str, ...]) -> int:
        found = (self._ranks.of(module) for module in modules)
        return next((rank for rank in found if rank is not None), self._declared.rank or 0)

    def _is_inside(self, change: Change) -> bool:
        modules, parts = modules_of(change), parts_of(change)
        some = self._one(modules)
        own = parts if len(parts) == 1 else ()
        if any(map(self._excluded.has, {*some, *own})) or not self._is_in_layers(modules[0]):
            return False
        if (
            self._names(some)
            or self._has_experts(modules)
            or (parts and all(map(self._modules.has, parts)))
        ):
            return True
        return not self._modules.is_expression and any(map(self._modules.has, wholes_of(change)))

    def _has_experts(self, modules: Iterable[str]) -> bool:
        """Whether these hold parameters for all experts, some of which are declared by name."""
        stacks = {name.rpartition(".")[0] for name in self._declared.modules}
        stacks = {name for name in stacks if name.rpartition(".")[2] == EXPERTS}
        return any(_ends(module, stacks) for module in modules)

    def _names(self, modules: Iterable[str]) -> bool:
        """Whether a module of one of these names is declared."""
        if ALL_LINEAR in self._declared.modules:
            return any(map(is_linear, modules))
        return any(map(self._modules.has, modules))

    def _is_in_layers(self, module: str) -> bool:
        """Whether a module is in a layer that is trained; one expression tells the layers too."""
        if not self._declared.layers or self._modules.is_expression:
            return True
        found = [(word, int(number)) for word, number in LAYER.findall(module)]
        stacks = self._declared.stacks
        named = [number for word, number in found if word in stacks]
        first = (named or [number for _, number in found])[:1]
        return bool(first) and first[0] in self._declared.layers

    def _is_saved(self, modules: Iterable[str]) -> bool:
        """Whether it was trained whole: peft asks for the end of a name, in the middle of a word
        too."""
        saved = tuple(name for name in self._declared.saved if name)
        return any(module.endswith(saved) for module in self._one(modules))

    def _has_tokens(self, modules: Iterable[str]) -> bool:
        return any(_ends(module, self._declared.tokens) for module in self._one(modules))

    def _are_tokens(self, change: Change, modules: Iterable[str]) -> bool:
        """Whether no other rows of a table differ than those that are trained, as far as either is
        said."""
        known = [rows for name, rows in self._declared.indices if self._ends_in(name, modules)]
        if known and change.rows:
            return are_among(change.rows, frozenset(row for rows in known for row in rows))
        return change.kind in ROWS or not change.share

    def _ends_in(self, name: str, modules: Iterable[str]) -> bool:
        return any(_ends(module, (name,)) for module in self._one(modules))

    def _one(self, modules: Iterable[str]) -> set[str]:
        """The names of a module; where head and table are one, those of both."""
        own = set(modules)
        is_table = self._tied and any(use_of(module) is Use.TABLE for module in own)
        return own | TABLES if is_table else own


class _Named:
    """Modules by the ends of their names, or by one regular expression."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.is_expression = len(names) == 1 and not NAMES.fullmatch(names[0])
        self._pattern = Pattern(names[0]) if self.is_expression else None
        self._names = names
        self.unread = self._pattern.unread if self._pattern else ""

    def has(self, module: str) -> bool:
        if self._pattern:
            return self._pattern.matches(module)
        return _ends(module, self._names)


class _Ranks:
    """The ranks of some modules: the first whose key is the end of the name, or matches it."""

    def __init__(self, ranks: tuple[tuple[str, int], ...]) -> None:
        self._plain: dict[str, tuple[int, int]] = {}
        self._patterns: list[tuple[int, Pattern, int]] = []
        self.unread = ""
        for at, (key, rank) in enumerate(ranks):
            if NAMES.fullmatch(key):
                self._plain.setdefault(key, (at, rank))
            elif len(self._patterns) < EXPRESSIONS:
                pattern = Pattern(rf"(.*\.)?({key.removesuffix('$')})")
                self._patterns.append((at, pattern, rank))
                self.unread = self.unread or pattern.unread
            else:
                self.unread = f"more than {EXPRESSIONS} ranks under regular expressions"

    def of(self, module: str) -> int | None:
        words = module.split(".")
        ends = (".".join(words[at:]) for at in range(len(words)))
        found = [self._plain[end] for end in ends if end in self._plain]
        found += [(at, rank) for at, one, rank in self._patterns if one.matches(module)]
        return min(found)[1] if found else None


def is_tied(changes: Iterable[Change]) -> bool:
    """Whether one of both models has no head beside its table."""
    heads = [one for one in changes if any(HEAD.search(module) for module in modules_of(one))]
    return all(BESIDE in one.detail for one in heads)


def is_linear(module: str) -> bool:
    """Whether a module is a matrix that is neither table nor head, as far as its name tells."""
    tables = use_of(module) is Use.TABLE or HEAD.search(module)
    return not (tables or NORMS.search(module))


def _ends(module: str, names: Iterable[str]) -> bool:
    return any(module == name or module.endswith(f".{name}") for name in names)
