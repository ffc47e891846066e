"""What was declared of a step, and what of its changes lies beyond that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provenance.model import TensorDigest
from provenance.weights.changes.buffers import is_written
from provenance.weights.changes.change import BESIDE, UNCHANGED, Change, Kind
from provenance.weights.changes.pattern import Pattern
from provenance.weights.ledger import Ledger
from provenance.weights.names import Use, use_of
from provenance.weights.roles import FLOATS, LEADING, WRAPPERS, role_of

ALL_LINEAR = "all-linear"
NAMES = re.compile(r"[\w.\-]*")
"""What one module is called; one text with other signs in it is a regular expression."""
NORMS = re.compile(r"(?:norm|(?:^|[._])ln)[\w]*$", re.IGNORECASE)
TABLES = frozenset({"lm_head", "embed_out", "output", "model.embed_tokens", "wte", "shared"})
"""What head and table are called where they are one."""
ROWS = frozenset({Kind.ROWS, Kind.RESHAPED})
HEAD = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output)$")
BUFFERS = re.compile(r"(?:inv_freq|position_ids|masked_bias|\.attn\.bias|num_batches_tracked)$")
"""What programs write or leave out as they like: nothing that is trained."""
HALF = "F16"
BLOCK = "blk."
"""What the name of a layer's tensor begins with in a GGUF."""
SHOWN = 3
TOLD = 64
"""The highest rank of a dense change that is told: a higher one is only known to be as high."""
PARAMETER = re.compile(r"\.(?:weight|bias)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What somebody says was trained: `said` is who and where.

    `modules` are names as peft's `target_modules` has them (`q_proj`, `all-linear`, one regular
    expression), empty where the whole model may change; `saved` those that are trained whole beside
    them; `tokens` tables of which some rows are; `rank` the rank of the factors, None where it is
    not said; `bias` peft's word for which biases are trained: none, all, lora_only.
    """

    said: str
    modules: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    rank: int | None = None
    bias: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A change beyond a declaration; `words` say what it is, without their stop."""

    change: Change
    words: str


def unread(declared: Declaration) -> str:
    """Why nothing can be said of a declaration: its regular expression is of a form that is not
    followed here. Empty where it can be read."""
    return _Scope(declared, tied=False).unread


def exceeded(declared: Declaration, changes: Iterable[Change]) -> tuple[Excess, ...]:
    """Every change outside of the declared modules, and each of a rank above the declared one + 1.

    A re-typed tensor is not changed. Where most of the model was quantised alike, that is one step
    of its own: what was only quantised is no excess, and ranks are not told.
    """
    some = _without_norms_of_gguf(tuple(changes))
    alike, scope = quantised_alike(some), _Scope(declared, tied=_is_tied(some))
    if scope.unread:
        return ()
    return tuple(Excess(change=one, words=w) for one in some if (w := _beyond(one, scope, alike)))


def _without_norms_of_gguf(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """A GGUF calls norms by names of its own, which are paired with nothing: they tell nothing."""
    if not any(one.name.startswith(BLOCK) for one in changes):
        return changes
    alone = {Kind.ADDED, Kind.REMOVED}
    return tuple(
        one for one in changes if one.kind not in alone or not any(map(NORMS.search, _modules(one)))
    )


def exceeded_by_ledger(declared: Declaration, ours: Ledger, theirs: Ledger) -> tuple[Excess, ...]:
    """The same where only digests of the base are known: tensors outside of the declared modules
    whose values are other ones, by how they begin or altogether, and those that the base has not.

    What is no float, and a half beside another type, whose smallest values differ, tell nothing.
    """
    known = {role_of(one.name): one for one in theirs.entries}
    held = {one.digest for one in theirs.entries} - {""}
    changes = []
    for own in ours.entries:
        if own.digest in held or own.dtype not in FLOATS or BUFFERS.search(own.name):
            continue
        role, numbers = role_of(own.name)
        base = known.get((role, numbers))
        if base and (base.dtype not in FLOATS or (base.dtype == HALF) is not (own.dtype == HALF)):
            continue
        if kind := _by_digest(own, base):
            changes.append(Change(name=own.name, role=role, numbers=numbers, kind=kind))
    return exceeded(declared, changes)


def _by_digest(own: TensorDigest, base: TensorDigest | None) -> Kind | None:
    """What became of a tensor of the base, as far as digests tell."""
    if base is None:
        return Kind.ADDED
    if base.shape != own.shape:
        grown = base.shape[1:] == own.shape[1:] and use_of(role_of(own.name)[0]) is Use.TABLE
        return None if grown else Kind.RESHAPED
    other = own.opening != base.opening or (own.digest and base.digest not in ("", own.digest))
    return Kind.DENSE if other else None


def sentence(declared: Declaration, excess: Sequence[Excess]) -> str:
    """What was declared, and what was changed beyond it, without its stop."""
    words = ", ".join(one.words for one in excess[:SHOWN])
    more = f", and {len(excess) - SHOWN} more" if len(excess) > SHOWN else ""
    return f"declared {declared_words(declared)}; {words}{more}"


def declared_words(declared: Declaration) -> str:
    """`q,v LoRA r = 4`."""
    names = [module.removesuffix("_proj") for module in declared.modules]
    some = ",".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    rank = f"LoRA r = {declared.rank}" if declared.rank is not None else ""
    return " ".join(word for word in (some, rank) if word) or "a change of the whole model"


def quantised_alike(changes: Sequence[Change]) -> str:
    """How most of the changed matrices were quantised, all in the same way; empty if they were
    not."""
    counted = Counter(one.detail for one in changes if one.kind is Kind.QUANTIZED)
    others = sum(one.kind in (Kind.DENSE, Kind.LOW_RANK, Kind.ROWS) for one in changes)
    words, count = counted.most_common(1)[0] if counted else ("", 0)
    return words if count > others and count > 1 else ""


def _beyond(change: Change, scope: _Scope, alike: str) -> str:
    """What of a change is beyond a declaration; empty for what is not."""
    if change.kind in UNCHANGED or change.kind is Kind.UNREADABLE or is_written(change):
        return ""
    if change.kind is Kind.RESHAPED and change.detail and not change.share:
        return ""
    if alike and change.kind is Kind.QUANTIZED and change.detail == alike:
        return ""
    if not scope.may_change(change):
        verb = {Kind.ADDED: "added", Kind.REMOVED: "left out"}.get(change.kind, "changed")
        return f"{short(change.name)} also {verb}{_size(change)}"
    rank = scope.rank_of(change)
    if alike or rank is None or change.rank is None or change.rank <= rank + 1:
        return ""
    return f"{short(change.name)} changed beyond that rank{_size(change)}"


def _size(change: Change) -> str:
    """What kind of change and how large, in brackets; nothing where its size is not known."""
    told = change.rank and (change.kind is Kind.LOW_RANK or change.rank <= TOLD)
    words = f"rank {change.rank}" if told else change.kind
    return f" ({words}, {percent(change.relative)})" if change.relative else ""


def percent(value: float) -> str:
    """`4.6 %`; what is less than a tenth of one as `0.05 %`."""
    return f"{value * 100:.1f} %" if value >= 0.001 or not value else f"{value * 100:.2g} %"


def short(name: str) -> str:
    """A tensor's name without what every name begins and ends with."""
    plain = WRAPPERS.sub("", LEADING.sub("", name))
    return PARAMETER.sub("", plain).removeprefix("model.")


class _Scope:
    """What a declaration covers, as peft matches the names (tuners/tuners_utils.py)."""

    def __init__(self, declared: Declaration, *, tied: bool) -> None:
        self._declared, self._tied = declared, tied
        is_pattern = len(declared.modules) == 1 and not NAMES.fullmatch(declared.modules[0])
        self._pattern = Pattern(declared.modules[0]) if is_pattern else None
        self.unread = self._pattern.unread if self._pattern else ""

    def may_change(self, change: Change) -> bool:
        """Whether it was declared that this tensor is trained."""
        modules = _modules(change)
        if not self._declared.modules or self._is_saved(modules):
            return True
        if self._has_tokens(modules) and (change.kind in ROWS or not change.relative):
            return True
        if change.name.endswith(".bias") and self._declared.bias != "lora_only":
            return self._declared.bias == "all"
        return any(self._is_inside(module) for module in self._one(modules))

    def rank_of(self, change: Change) -> int | None:
        """The declared rank, where it binds this tensor."""
        modules = _modules(change)
        free = self._is_saved(modules) or self._has_tokens(modules)
        return None if free else self._declared.rank

    def _is_inside(self, module: str) -> bool:
        if self._pattern:
            return self._pattern.matches(module)
        if ALL_LINEAR in self._declared.modules:
            tables = use_of(module) is Use.TABLE or HEAD.search(module)
            return not (tables or NORMS.search(module))
        return _ends(module, self._declared.modules)

    def _is_saved(self, modules: Iterable[str]) -> bool:
        """Whether it was trained whole: peft asks for the end of a name, in the middle of a word
        too."""
        saved = tuple(name for name in self._declared.saved if name)
        return any(module.endswith(saved) for module in self._one(modules))

    def _has_tokens(self, modules: Iterable[str]) -> bool:
        return any(_ends(module, self._declared.tokens) for module in self._one(modules))

    def _one(self, modules: Iterable[str]) -> set[str]:
        """The names of a module; where head and table are one, those of both."""
        own = set(modules)
        is_table = self._tied and any(use_of(module) is Use.TABLE for module in own)
        return own | TABLES if is_table else own


def _is_tied(changes: Iterable[Change]) -> bool:
    """Whether one of both models has no head beside its table."""
    heads = [one for one in changes if any(HEAD.search(module) for module in _modules(one))]
    return all(BESIDE in one.detail for one in heads)


def _ends(module: str, names: Iterable[str]) -> bool:
    return any(module == name or module.endswith(f".{name}") for name in names)


def _modules(change: Change) -> set[str]:
    """What the tensor's module is called, in the derivative and in the base."""
    names = (change.name, change.base or change.name)
    return {PARAMETER.sub("", WRAPPERS.sub("", LEADING.sub("", name))) for name in names}
