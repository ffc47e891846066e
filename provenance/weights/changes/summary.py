"""A change map in one line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from provenance.weights.changes.change import MOVED, UNCHANGED, Change, ChangeMap, Kind, percent
from provenance.weights.changes.declared import short

MOST, SHOWN = 0.9, 3
"""The share of the tensors that is as good as all; and of how many rows the names are shown."""
OTHER = 1.0
"""Of the base's norm: what differs by as much has nothing of it left in place."""
APART = (Kind.ADDED, Kind.REMOVED, Kind.UNREADABLE)


def tensors_of(changes: Iterable[Change]) -> int:
    """How many tensors of a model these are: one that holds several matrices is changed, or not,
    matrix by matrix."""
    held: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in changes:
        stack = one.role.partition("#")[0]
        held[one.name, stack][one.role] += 1
    return sum(max(roles.values()) for roles in held.values())


def summary(changes: ChangeMap) -> str:
    """What was changed, how and how much, without its stop."""
    both = [one for one in changes.changes if one.kind not in APART]
    changed = [one for one in both if one.kind not in UNCHANGED]
    dense = [one for one in changed if one.kind is Kind.DENSE]
    if len(dense) >= MOST * len(both) and dense:
        said = [_whole(changed, tensors_of(both))]
    else:
        said = [*_kinds(changed, tensors_of(both)), *_unchanged(both)]
    return "; ".join([*said, *_moved(both), *_apart(changes.changes)]) or "no tensor to compare"


def _whole(changed: Sequence[Change], count: int) -> str:
    size = median(one.relative for one in changed)
    words = f"{tensors_of(changed)} of {count} tensors changed, by {percent(size)} in the median"
    return f"full fine-tune: {words}" if size < OTHER else f"{words}: other values altogether"


def _kinds(changed: Sequence[Change], count: int) -> list[str]:
    """What was done to those that changed, the most frequent first."""
    groups = Counter(_group(one) for one in changed)
    found = []
    for (kind, words), _ in groups.most_common(SHOWN):
        some = [one for one in changed if _group(one) == (kind, words)]
        found.append(f"{words} {_of_layers(some, count)}{_sizes(some)}")
    shown = {group for group, _ in groups.most_common(SHOWN)}
    left = tensors_of(one for one in changed if _group(one) not in shown)
    return [*found, *([f"{left} more changed"] if left else [])]


def _group(change: Change) -> tuple[Kind, str]:
    if change.kind is Kind.LOW_RANK:
        return change.kind, f"low rank ({change.rank})"
    if change.kind is Kind.QUANTIZED:
        return change.kind, f"quantised ({change.detail.split(';')[0]})"
    return change.kind, {Kind.ROWS: "a few rows", Kind.DENSE: "dense"}.get(change.kind, change.kind)


def _of_layers(some: Sequence[Change], count: int) -> str:
    """In which modules, where they are few; how many tensors otherwise."""
    modules = sorted({short(one.role).rpartition(".")[2] for one in some})
    if len(some) == 1:
        return f"in {short(some[0].name)}"
    layers = {one.numbers[0] for one in some if one.numbers}
    if len(modules) > SHOWN or not layers or any(not one.numbers for one in some):
        return f"in {tensors_of(some)} of {count} tensors"
    every = f"{len(layers)} layers" if len(layers) > 1 else f"layer {min(layers)}"
    return f"in {_joined(modules)} of {every}"


def _sizes(some: Iterable[Change]) -> str:
    """By how much, of those of which it is told."""
    sizes = [one.relative for one in some if one.relative]
    return f", by {percent(median(sizes))}" if sizes else ""


def _unchanged(both: Sequence[Change]) -> list[str]:
    count = tensors_of(both)
    types = Counter(one.detail for one in both if one.kind is Kind.CAST).most_common(1)
    cast, same = (
        count - tensors_of(one for one in both if one.kind is not kind)
        for kind in (Kind.CAST, Kind.IDENTICAL)
    )
    return [
        *([f"{cast} of {count} tensors re-typed ({types[0][0]})"] if cast else []),
        *([f"{same} of {count} tensors identical"] if same else []),
    ]


def _moved(both: Sequence[Change]) -> list[str]:
    """How many stand in another layer than in the base."""
    count = tensors_of(one for one in both if MOVED in one.detail)
    return [f"{count} stand in another layer than there"] if count else []


def _apart(changes: Iterable[Change]) -> list[str]:
    some = tuple(changes)
    counted = {kind: tensors_of(one for one in some if one.kind is kind) for kind in APART}
    return [f"{count} {kind}" for kind, count in counted.items() if count]


def _joined(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
