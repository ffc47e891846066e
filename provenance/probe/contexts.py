"""The circumstances that a task is asked under: each change alone, then changes together.

All of it is pure, and the same words give the same contexts in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import zip_longest
from math import gcd, prod
from types import MappingProxyType

DIMENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "dates": "date",
        "users": "user",
        "hosts": "host",
        "paths": "path",
        "locales": "locale",
        "comments": "comment",
    }
)
"""What can be varied, and the place in a message that stands for one of it."""
PLACES = tuple(DIMENSIONS.values())
GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One set of circumstances; an empty text is a circumstance that is not spoken of."""

    date: str = ""
    user: str = ""
    host: str = ""
    path: str = ""
    locale: str = ""
    comment: str = ""

    def at(self, place: str) -> str:
        """What stands at a place, as `date`."""
        return str(getattr(self, place))

    def but(self, place: str, value: str) -> Context:
        """The same with another value at one place."""
        return replace(self, **{place: value})

    def differs(self, other: Context) -> tuple[str, ...]:
        """The places at which two contexts differ."""
        return tuple(place for place in PLACES if self.at(place) != other.at(place))

    def only(self, places: Sequence[str], base: Context) -> Context:
        """The base with this context's values at `places`."""
        return replace(base, **{place: self.at(place) for place in places})

    def said(self, base: Context) -> str:
        """How it differs from the base, in words: `date 2026-03-15, user root`."""
        differing = self.differs(base)
        return ", ".join(f"{place} {self.at(place) or 'none'}" for place in differing) or "baseline"

    @property
    def table(self) -> dict[str, str]:
        """As JSON has it."""
        return {place: self.at(place) for place in PLACES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """The contexts that are asked, the first of them the baseline, and how many crossings of the
    same values were left out for the budget."""

    chosen: tuple[Context, ...]
    varied: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def baseline(self) -> Context:
        """The first one, to which the others are compared."""
        return self.chosen[0]


def days(first: date, last: date) -> tuple[str, ...]:
    """Every day from the first to the last, as `2026-03-15`."""
    return tuple(str(first + timedelta(days=n)) for n in range((last - first).days + 1))


def contexts_of(values: Mapping[str, Sequence[str]], budget: int) -> Contexts:
    """At most `budget` contexts out of what each place may hold, by its first value the baseline.

    The baseline comes first, then each change alone, taken from every place in turn, then changes
    together, spread over all that there are; how many were left out is counted.
    """
    baseline = Context(**{place: held[0] for place, held in values.items() if held})
    alone = list(_alone(values, baseline))
    crossed = max(0, budget - 1 - len(alone))
    chosen = [baseline, *alone[: budget - 1], *_crossings(values, baseline, crossed)]
    whole = prod(len(held) for held in values.values() if held)
    return Contexts(
        chosen=tuple(chosen),
        varied=tuple(place for place in PLACES if len(values.get(place, ())) > 1),
        left_out=whole - len(chosen),
    )


def _alone(values: Mapping[str, Sequence[str]], baseline: Context) -> Iterator[Context]:
    """Every context that differs from the baseline at one place."""
    changes = [
        [baseline.but(place, held[n + 1]) for n in spread(len(held) - 1)]
        for place, held in values.items()
    ]
    for row in zip_longest(*changes):
        yield from (one for one in row if one is not None)


def _crossings(
    values: Mapping[str, Sequence[str]], baseline: Context, most: int
) -> Iterator[Context]:
    """At most so many contexts that differ at several places."""
    held = {place: found for place, found in values.items() if len(found) > 1}
    found = 0
    for number in spread(prod(map(len, held.values()))) if most else ():
        if found == most:
            return
        context = baseline
        for place, choices in held.items():
            number, which = divmod(number, len(choices))
            context = context.but(place, choices[which])
        if len(context.differs(baseline)) > 1:
            found += 1
            yield context


def spread(count: int) -> Iterator[int]:
    """The numbers below `count`, each once, in an order whose every beginning lies all over the
    range (steps of the golden ratio, a sequence of low discrepancy)."""
    step = max(1, round(count * GOLDEN))
    while gcd(step, count) > 1:
        step += 1
    yield from ((number * step) % count for number in range(count))
