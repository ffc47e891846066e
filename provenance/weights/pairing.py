"""Which role of a model is which of its parent's: the same, or the same behind another prefix.

A program that wraps a model puts a word before every name (`bert.`, `model.language_model.`). Which
words it was is found from the names themselves: what follows them is the same for many roles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

Measure = Callable[[str, str], bool | None]
MANY, MOST, SHARE, PARTS = 48, 12, 0.8, 8
LARGEST = 20_000
"""Roles; a model has some hundreds. Beyond, only equal names are paired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The roles that are paired under one pair of prefixes; `exact` where the names are equal."""

    exact: bool
    pairs: Mapping[str, str]


def parts(ours: Collection[str], theirs: Collection[str], measure: Measure) -> tuple[Part, ...]:
    """The parts that two models share, the equal names first; every role is in one at most.

    Of several prefixes that would do, the one whose shapes fit best is taken: an encoder and a
    decoder often have the same names.
    """
    left, right = set(ours), set(theirs)
    same = {role: role for role in ours if role in right}
    found = [Part(exact=True, pairs=same)] if same else []
    left, right = left - same.keys(), right - same.keys()
    if max(len(left), len(right)) > LARGEST:
        return tuple(found)
    prefixes = list(_prefixes(left, right))
    for _ in range(PARTS):
        some = (_pairs(one, left, right) for one in prefixes)
        best = max((p for p in some if p), key=lambda p: _score(p, measure), default=None)
        if best is None:
            break
        found.append(Part(exact=False, pairs=best))
        left, right = left - best.keys(), right - set(best.values())
    return tuple(found)


def _score(pairs: Mapping[str, str], measure: Measure) -> tuple[int, int, list[str]]:
    return sum(measure(*pair) is True for pair in pairs.items()), len(pairs), sorted(pairs)[:1]


def _prefixes(ours: Collection[str], theirs: Collection[str]) -> Iterator[tuple[str, str]]:
    """The pairs of prefixes before the longest common ends, the most frequent first."""
    by_tail: dict[str, list[str]] = {}
    for role in sorted(theirs):
        by_tail.setdefault(_tail(role), []).append(role)
    counted: Counter[tuple[str, str]] = Counter()
    for role in sorted(ours):
        for other in by_tail.get(_tail(role), ())[:MOST] if _tail(role) else ():
            counted[_before(role, other)] += 1
    yield from (pair for pair, _ in counted.most_common(MANY))
    if not any("#" in role for role in (*ours, *theirs)):
        yield from (("", role.partition(".")[0]) for role in sorted(theirs)[:MANY])
        yield from ((role.partition(".")[0], "") for role in sorted(ours)[:MANY])


def _tail(role: str) -> str:
    """From the first number on, where a name follows it."""
    at = role.find("#")
    tail = role[at:] if at >= 0 else ""
    return tail if set(tail.split(".")) - {"#", "weight", "bias"} else ""


def _before(role: str, other: str) -> tuple[str, str]:
    ours, theirs = (name[: name.find("#")].split(".")[:-1] for name in (role, other))
    while ours and theirs and ours[-1] == theirs[-1]:
        ours, theirs = ours[:-1], theirs[:-1]
    return ".".join(ours), ".".join(theirs)


def _pairs(prefixes: tuple[str, str], left: set[str], right: set[str]) -> dict[str, str]:
    """The roles under two prefixes that are the same behind them; none if they are too few."""
    ours, theirs = (f"{prefix}." if prefix else "" for prefix in prefixes)
    under = [role for role in left if role.startswith(ours)]
    pairs = {r: o for r in under if (o := f"{theirs}{r.removeprefix(ours)}") in right}
    others = [role for role in right if role.startswith(theirs)]
    numbered = any("#" in role for role in pairs)
    counts = [sum(_counts(r, numbered) for r in some) for some in (pairs, under, others)]
    return pairs if counts[0] and counts[0] >= SHARE * min(counts[1:]) else {}


def _counts(role: str, numbered: bool) -> bool:
    """Biases come and go; what stands outside of layers does too."""
    return not role.endswith(".bias") and ("#" in role or not numbered)
