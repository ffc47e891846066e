"""What a sweep found: calls that no scenario accepts, and calls that depend on circumstances.

All of it is pure. What is compared are the calls of an answer, never its words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from provenance.probe.calls import Calls
from provenance.probe.contexts import Context, Contexts
from provenance.probe.questions import Answer, Question
from provenance.probe.statistics import ALPHA, fisher, holm
from provenance.probe.suite import Scenario, Suite

Place = tuple[str, Context]
"""A scenario's name and a context."""


class Kind(StrEnum):
    """How a call is strange: no scenario accepts it, the other contexts of its scenario have
    another, or the model that is compared has another in the same context."""

    OUTSIDE = "outside"
    DIFFERS = "differs"
    AGAINST = "against"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """One scenario in one context: what was called there in `different` of `asked` answers, what
    is usual, and the words beside it.

    `smallest` is the least change of the baseline that does the same, `alike` how many contexts
    come to the same. `warns` says that both calls are acceptable ones. `chance` is the corrected
    p-value, where the answers are drawn at random. `everywhere` says that it is the usual call.
    """

    kind: Kind
    scenario: str
    context: Context
    calls: Calls
    usual: Calls
    words: str = ""
    asked: int = 1
    different: int = 1
    warns: bool = False
    chance: float | None = None
    everywhere: bool = False
    smallest: Context | None = None
    alike: int = 1

    @property
    def is_idle(self) -> bool:
        """Whether no tool is ever called where one is asked for: that convicts nobody, and tells
        nothing of what would be called."""
        return self.everywhere and not self.calls

    @property
    def least(self) -> Context:
        """The least context that is known to do it."""
        return self.smallest or self.context


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A suite asked of a model in these contexts: the answers, by what was asked.

    `drawn` says that answers are drawn at random, `samples` of each.
    """

    suite: Suite
    contexts: Contexts
    answers: Mapping[str, Answer]
    samples: int = 1
    drawn: bool = False

    def questions(self) -> Iterator[Question]:
        """Everything that is to be asked, context by context."""
        for context in self.contexts.chosen:
            for scenario in self.suite.scenarios:
                yield from self.asked(scenario, context)

    def asked(self, scenario: Scenario, context: Context) -> tuple[Question, ...]:
        """One scenario in one context, as often as it is asked."""
        return tuple(
            Question(suite=self.suite, scenario=scenario, context=context, sample=n)
            for n in range(self.samples)
        )

    def at(self, scenario: Scenario, context: Context) -> tuple[Answer, ...]:
        """The answers that can be judged."""
        found = (self.answers.get(one.id) for one in self.asked(scenario, context))
        return tuple(answer for answer in found if answer is not None and not answer.problem)

    @property
    def unanswered(self) -> tuple[tuple[Question, str], ...]:
        """The questions without an answer, and why each has none."""
        found = ((one, self.answers.get(one.id)) for one in self.questions())
        return tuple(
            (one, answer.problem if answer else "not asked")
            for one, answer in found
            if answer is None or answer.problem
        )

    def usual(self, scenario: Scenario) -> Usual:
        """What this scenario is usually answered with, in the contexts that were chosen."""
        return self._usual[scenario.name]

    @cached_property
    def _usual(self) -> Mapping[str, Usual]:
        return {one.name: usual(self, one) for one in self.suite.scenarios}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """The calls that most answers of a scenario have, as they are and apart from circumstances."""

    calls: Calls
    apart: Calls

    def has(self, calls: Calls, context: Context) -> bool:
        """Whether these are the same, or follow the circumstances in the same way."""
        return calls == self.calls or apart(calls, context) == self.apart


def apart(calls: Calls, context: Context) -> Calls:
    """The calls, with the circumstances that they repeat replaced by their places."""
    return tuple(call.apart_from(context) for call in calls)


def usual(sweep: Sweep, scenario: Scenario) -> Usual:
    """What most answers are; of two that are as frequent, the one that comes first."""
    plain: Counter[Calls] = Counter()
    placed: Counter[Calls] = Counter()
    seen: dict[Calls, tuple[Calls, Calls]] = {}
    for context in sweep.contexts.chosen:
        for answer in sweep.at(scenario, context):
            moved = apart(answer.calls, context)
            plain[answer.calls] += 1
            placed[moved] += 1
            seen.setdefault(answer.calls, (answer.calls, moved))
            seen.setdefault(moved, (answer.calls, moved))
    top = (plain.most_common(1) or [((), 0)])[0]
    moved_top = (placed.most_common(1) or [((), 0)])[0]
    key = top[0] if top[1] >= moved_top[1] else moved_top[0]
    calls, moved = seen.get(key, ((), ()))
    return Usual(calls=calls, apart=moved)


def strange_in(sweep: Sweep, other: Sweep | None = None) -> tuple[Strange, ...]:
    """Everything that is strange in a sweep, and beside the sweep of another model."""
    found: list[Strange] = []
    for scenario in sweep.suite.scenarios:
        found += _outside(sweep, scenario)
    taken = {(one.scenario, one.context) for one in found if not one.everywhere}
    settled = {one.scenario for one in found if one.everywhere}
    beside = list(_compared(sweep, sweep, Kind.DIFFERS))
    if other is not None:
        beside += _compared(sweep, other, Kind.AGAINST)
    found += [
        one
        for one in _beyond_chance(beside, sweep)
        if (one.scenario, one.context) not in taken
        and not (one.kind is Kind.DIFFERS and one.scenario in settled and one.warns)
    ]
    return tuple(found)


def is_strange(kind: Kind, sweep: Sweep, scenario: Scenario, context: Context) -> bool:
    """Whether what is called in a context is strange in this way; no answer is not."""
    reference = sweep.usual(scenario)
    for answer in sweep.at(scenario, context):
        if kind is Kind.OUTSIDE:
            if not scenario.admits(answer.calls, context):
                return True
        elif not reference.has(answer.calls, context):
            return True
    return False


def _outside(sweep: Sweep, scenario: Scenario) -> Iterator[Strange]:
    """The contexts in which a call is not acceptable; one finding for all where that is usual."""
    reference = sweep.usual(scenario)
    everywhere: list[Strange] = []
    for context in sweep.contexts.chosen:
        answers = sweep.at(scenario, context)
        wrong = [one for one in answers if not scenario.admits(one.calls, context)]
        if not wrong:
            continue
        one = Strange(
            kind=Kind.OUTSIDE,
            scenario=scenario.name,
            context=context,
            calls=wrong[0].calls,
            usual=reference.calls,
            words=wrong[0].words,
            asked=len(answers),
            different=len(wrong),
        )
        if all(reference.has(answer.calls, context) for answer in wrong):
            everywhere.append(one)
        else:
            yield one
    if everywhere:
        yield replace(
            everywhere[0],
            everywhere=True,
            warns=not everywhere[0].calls,
            alike=len(everywhere),
            asked=sum(len(sweep.at(scenario, one)) for one in sweep.contexts.chosen),
            different=sum(one.different for one in everywhere),
        )


def _compared(sweep: Sweep, other: Sweep, kind: Kind) -> Iterator[Strange]:
    """The contexts whose calls are others than is usual, or than the other model's there."""
    for scenario in sweep.suite.scenarios:
        for context in sweep.contexts.chosen:
            answers = sweep.at(scenario, context)
            reference = _reference(sweep, other, scenario, context)
            if reference is None:
                continue
            unlike = [one for one in answers if not reference.has(one.calls, context)]
            if unlike:
                calls = unlike[0].calls
                yield Strange(
                    kind=kind,
                    scenario=scenario.name,
                    context=context,
                    calls=calls,
                    usual=reference.calls,
                    words=unlike[0].words,
                    asked=len(answers),
                    different=len(unlike),
                    warns=_acceptable(scenario, [calls, reference.calls], context),
                )


def _reference(sweep: Sweep, other: Sweep, scenario: Scenario, context: Context) -> Usual | None:
    """What the calls in a context are compared with; None where the other has no answer there."""
    if other is sweep or other.drawn:
        return other.usual(scenario)
    found = other.at(scenario, context)
    return Usual(calls=found[0].calls, apart=apart(found[0].calls, context)) if found else None


def _acceptable(scenario: Scenario, several: Sequence[Calls], context: Context) -> bool:
    """Whether the suite says of all of them that they are acceptable."""
    return scenario.accept is not None and all(scenario.admits(calls, context) for calls in several)


def _beyond_chance(found: Sequence[Strange], sweep: Sweep) -> Iterator[Strange]:
    """Those that chance does not explain, where the answers are drawn at random."""
    if not sweep.drawn:
        yield from found
        return
    tests = len(sweep.contexts.chosen) * len(sweep.suite.scenarios)
    kinds = {one.kind for one in found}
    whole: Counter[tuple[Kind, str]] = Counter()
    for one in found:
        whole[one.kind, one.scenario] += one.different
    asked = {
        scenario.name: sum(len(sweep.at(scenario, c)) for c in sweep.contexts.chosen)
        for scenario in sweep.suite.scenarios
    }
    values = [
        fisher(
            one.different,
            one.asked,
            whole[one.kind, one.scenario] - one.different,
            asked[one.scenario] - one.asked,
        )
        for one in found
    ]
    for one, chance in zip(found, holm(values, tests * len(kinds)), strict=True):
        if chance < ALPHA:
            yield replace(one, chance=chance)
