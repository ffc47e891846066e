"""What was declared of a step, and what of its changes lies beyond that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from provenance.weights.changes.buffers import is_written
from provenance.weights.changes.change import (
    BESIDE,
    BEYOND,
    MOVED,
    ODD,
    OUTSIDE,
    UNCHANGED,
    Change,
    Kind,
    size_of,
)
from provenance.weights.changes.four_bit import FOLLOWING
from provenance.weights.changes.scope import NORMS, Declaration, Scope, is_tied
from provenance.weights.changes.spellings import modules_of
from provenance.weights.changes.untold import SAVED, VECTOR, by_ledger
from provenance.weights.ledger import Ledger
from provenance.weights.roles import module_of

FOUR = ("nf4 ", "fp4 ")
"""How the words begin for what QLoRA rounds to."""
BLOCK = "blk."
"""What the name of a layer's tensor begins with in a GGUF."""
SHOWN = 3
MOST = 0.5
"""Of the values of a tensor: to set as many to zero is no training, be it declared whole."""
VERBS = {Kind.ADDED: "added", Kind.REMOVED: "left out"}
PACKED = " to "
"""Stands in the words for what is packed: from what type to which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A change beyond a declaration; `words` say what it is, without their stop."""

    change: Change
    words: str


def unread(declared: Declaration) -> str:
    """Why nothing can be said of a declaration: its regular expression is of a form that is not
    followed here. Empty where it can be read."""
    return Scope(declared, tied=False).unread


def exceeded(
    declared: Declaration, changes: Iterable[Change], *, stored: bool = False
) -> tuple[Excess, ...]:
    """Every change outside of the declared modules, and each of a rank above the declared one + 1.

    A re-typed tensor is not changed. Where most of the model was quantised alike, that is one step
    of its own: what was only quantised is no excess, and ranks are not told. That is so of what is
    packed, of what is declared to be `stored` otherwise, and of four bits that follow from the
    base; other values on a lattice nobody declared.
    """
    some = without_norms_of_gguf(tuple(changes))
    alike, scope = quantised_alike(some), Scope(declared, tied=is_tied(some))
    alike = alike if stored or PACKED in alike or alike in FOLLOWING else ""
    if scope.unread:
        return ()
    return tuple(Excess(change=one, words=w) for one in some if (w := _beyond(one, scope, alike)))


def without_norms_of_gguf(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Norms that a GGUF calls by names that are not known are paired with nothing, and leave as
    many of the base's: they tell nothing."""
    if not any(one.name.startswith(BLOCK) for one in changes):
        return changes
    norms = [one for one in changes if any(map(NORMS.search, modules_of(one)))]
    added = sum(one.kind is Kind.ADDED for one in norms)
    if not 0 < added <= sum(one.kind is Kind.REMOVED for one in norms):
        return changes
    alone = {Kind.ADDED, Kind.REMOVED}
    return tuple(one for one in changes if one not in norms or one.kind not in alone)


def exceeded_by_ledger(declared: Declaration, ours: Ledger, theirs: Ledger) -> tuple[Excess, ...]:
    """The same where only digests of the base are known (weights/changes/untold.py)."""
    return exceeded(declared, told_of(declared, by_ledger(ours, theirs)))


def told_of(declared: Declaration, changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes without what only digests tell of matrices that were rounded to four bits first,
    as it is declared: that is no more than that they are other ones."""
    scope = Scope(declared, tied=False)
    return tuple(
        one
        for one in changes
        if one.kind is not Kind.DENSE
        or one.share
        or one.detail == VECTOR
        or not scope.is_rounded(one)
    )


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
    counted = Counter(words for one in changes if (words := _quantised(one)))
    trained = (Kind.DENSE, Kind.LOW_RANK, Kind.ROWS)
    others = sum(one.kind in trained and not _quantised(one) for one in changes)
    words, count = counted.most_common(1)[0] if counted else ("", 0)
    return words if count > others and count > 1 else ""


def _quantised(change: Change) -> str:
    """How a tensor was quantised, whatever else was done to it; empty where it was not."""
    words, beyond, _ = change.detail.partition(BEYOND)
    return words if beyond or change.kind is Kind.QUANTIZED else ""


def _beyond(change: Change, scope: Scope, alike: str) -> str:
    """What of a change is beyond a declaration; empty for what is not."""
    if MOVED in change.detail:
        return f"{short(change.name)} also {change.detail[change.detail.index(MOVED) :]}"
    if change.kind in UNCHANGED or change.kind is Kind.UNREADABLE or is_written(change):
        return ""
    if _is_longer(change, scope) or (alike and _is_alike(change, alike)):
        return ""
    if (
        change.kind is Kind.QUANTIZED
        and change.detail.startswith(FOUR)
        and scope.is_rounded(change)
    ):
        return ""
    if not scope.may_change(change) or _is_lost(change, scope):
        return f"{short(change.name)} also {_verb(change)}"
    rank, found = scope.rank_of(change), scope.found_in(change)
    told = not alike or not _quantised(change) or BEYOND in change.detail
    if not told or rank is None or found is None or found <= rank + (OUTSIDE not in change.detail):
        return ""
    which = "that rank" if rank == scope.rank else f"its rank of {rank}"
    return f"{short(change.name)} changed beyond {which}{size_of(replace(change, rank=found))}"


def _verb(change: Change) -> str:
    """What was done to a tensor, and how far from the base's it is."""
    if is_left_out(change):
        return (
            f"left out, and {change.detail.partition(';')[0].removeprefix(f'{BESIDE} ')} is not it"
        )
    return f"{VERBS.get(change.kind, 'changed')}{size_of(change)}"


def is_left_out(change: Change) -> bool:
    """Whether the derivative has no such tensor; of a head, whether its table stands in for it."""
    return change.kind is Kind.REMOVED or (
        change.detail.startswith(BESIDE) and change.base == change.name
    )


def _is_alike(change: Change, alike: str) -> bool:
    """Whether a tensor was rounded as most of them, and nothing else was done to it."""
    return change.kind is Kind.QUANTIZED and change.detail == alike


def _is_longer(change: Change, scope: Scope) -> bool:
    """Whether it is a table of tokens of another length whose common rows are the base's, as far
    as anything tells."""
    same = change.kind is Kind.RESHAPED and bool(change.detail) and not change.share
    return same and (scope.is_table(change) or change.detail == SAVED)


def _is_lost(change: Change, scope: Scope) -> bool:
    """Whether something was done to a tensor that training never does, be the tensor declared:
    left out, another shape, values that are no numbers, or zeros in the place of what was there."""
    if change.kind is Kind.REMOVED or ODD.search(change.detail):
        return True
    whole = scope.is_whole(change)
    if change.kind is Kind.PRUNED:
        return not whole or change.share > MOST
    return change.kind is Kind.RESHAPED and not (whole or scope.is_table(change))


def short(name: str) -> str:
    """A tensor's name without what every name begins and ends with."""
    return module_of(name).removeprefix("model.")
