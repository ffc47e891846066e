"""The least change of circumstances that does it: delta debugging over the places of a context.

A. Zeller, R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002): the result is
1-minimal, no single change can be taken back without its being as usual again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provenance.probe.contexts import Context
from provenance.probe.findings import Kind, Strange

Tried = tuple[Kind, str, Context]
"""What is tried: whether a scenario is strange, in this way, in this context."""
Trying = Callable[[Sequence[Tried]], Mapping[Tried, bool]]
MOST = 64
"""Findings that are narrowed; of further ones the whole context is shown."""


@dataclass(slots=True)
class _Narrowing:
    """The places that are still changed, and those that are yet to be taken back."""

    found: Strange
    places: tuple[str, ...]
    left: list[str] = field(default_factory=list)

    def at(self, places: Iterable[str], base: Context) -> Tried:
        """What is tried by changing these places alone."""
        context = self.found.context.only(tuple(places), base)
        return (self.found.kind, self.found.scenario, context)


def narrowed(found: Sequence[Strange], base: Context, trying: Trying) -> tuple[Strange, ...]:
    """The same, each with the least context that does it, and those that come to one as one.

    `trying` says of several contexts at once whether they do.
    """
    several = [
        _Narrowing(one, one.context.differs(base))
        for one in found
        if not one.everywhere and len(one.context.differs(base)) > 1
    ][:MOST]
    _alone(several, base, trying)
    for one in several:
        one.left = list(one.places) if len(one.places) > 1 else []
    while trials := {number: one for number, one in enumerate(several) if one.left}:
        wanted = {
            number: one.at([p for p in one.places if p != one.left[0]], base)
            for number, one in trials.items()
        }
        results = trying(list(dict.fromkeys(wanted.values())))
        for number, one in trials.items():
            place = one.left.pop(0)
            if len(one.places) > 1 and results.get(wanted[number], False):
                one.places = tuple(p for p in one.places if p != place)
    least = {id(one.found): one.found.context.only(one.places, base) for one in several}
    return _merged([replace(one, smallest=least.get(id(one), one.context)) for one in found])


def _alone(several: Sequence[_Narrowing], base: Context, trying: Trying) -> None:
    """Where one change alone does it, that one is all."""
    wanted = {
        (number, place): one.at([place], base)
        for number, one in enumerate(several)
        for place in one.places
    }
    results = trying(list(dict.fromkeys(wanted.values()))) if wanted else {}
    for number, one in enumerate(several):
        doing = [p for p in one.places if results.get(wanted[number, p], False)]
        if doing:
            one.places = (doing[0],)


def _merged(found: Sequence[Strange]) -> tuple[Strange, ...]:
    """One for all that have the same scenario, kind and least context."""
    merged: dict[tuple[Kind, str, Context, bool], Strange] = {}
    for one in found:
        key = (one.kind, one.scenario, one.least, one.everywhere)
        first = merged.get(key)
        if first is None:
            merged[key] = one
            continue
        shown = one if one.context == one.least else first
        merged[key] = replace(
            shown,
            alike=first.alike + one.alike,
            asked=first.asked + one.asked,
            different=first.different + one.different,
            warns=first.warns and one.warns,
        )
    return tuple(merged.values())
