"""From what was measured to what it means: by the report's own outcomes, and by thresholds."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from provenance.errors import ConfigError
from provenance.evaluations.report import Measure, Report
from provenance.wire.results import TestOutcome, TestResult

PASSED, WARNED, FAILED = TestOutcome
OPTION = "--passes"
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
FORM = re.compile(r"(.*[^<>=\s])\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
EXAMPLE = '"METRIC>=0.8"'
MOST = 1_000
"""Names of one outcome in a statement; the report's notes have how many there were."""
SHOWN = 20
STRAY = re.compile("stderr|std_err")
"""What says how far a number may be off, and is none to decide by."""


class Undecided(ConfigError):
    """A report has numbers, and nobody said which are good enough; `lines` are words to type."""

    def __init__(self, message: str, lines: Sequence[str]) -> None:
        super().__init__(message, path=OPTION)
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A metric, or several by `*`, and the number that each is compared with."""

    metric: str
    comparison: str
    number: str

    @classmethod
    def of(cls, text: str) -> Threshold:
        """The threshold that is written so, or ConfigError."""
        found = FORM.fullmatch(text.strip())
        if found is None:
            message = f"expected {EXAMPLE}, with >=, <=, > or < and a number; found {text[:80]!r}"
            raise ConfigError(message, path=OPTION)
        return cls(metric=found[1], comparison=found[2], number=found[3])

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.metric}{self.comparison}{self.number}"

    def among(self, measures: Sequence[Measure]) -> tuple[Measure, ...]:
        """The numbers that it is about, by their whole names or by the last parts of them.

        ConfigError where there is none, or where a name without `*` means several.
        """
        form = ".*".join(map(re.escape, self.metric.split("*")))
        fits = re.compile(f"(?:.*/)?(?:{form})", re.DOTALL)
        counted = [one for one in measures if one.value is not None]
        whole = [one for one in counted if one.name == self.metric]
        found = whole or [one for one in counted if fits.fullmatch(one.name)]
        if not counted:
            message = "the report has outcomes and no numbers: leave the option out"
            raise ConfigError(message, path=f"{OPTION} {self}")
        if not found:
            message = f"nothing that was measured is called {self.metric[:80]!r}"
            raise Undecided(f"{message}: expected one of these", tuple(_lines(counted)))
        if len(found) > 1 and "*" not in self.metric:
            message = f"{self.metric[:80]!r} means {len(found)} numbers: name one, or all by '*/"
            raise Undecided(f"{message}{self.metric[:80]}'", tuple(_lines(found)))
        return tuple(found)

    def holds(self, measure: Measure) -> bool:
        """Whether the number is good enough."""
        compare = COMPARISONS[self.comparison]
        return measure.value is not None and compare(measure.value, float(self.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a report means: the result, and how many tests there were by their outcome.

    The configuration of the result has each suite of which something was decided.
    """

    result: TestResult
    counts: Mapping[TestOutcome, int]


def decided(report: Report, thresholds: Sequence[Threshold]) -> Decision:
    """What a report means by these thresholds, each of which must hold of all that it is about.

    What none of them is about counts by the outcome that the report states; a number without one
    counts for nothing. Undecided where nothing has an outcome, ConfigError for a threshold that is
    about nothing.
    """
    names: dict[TestOutcome, list[str]] = {outcome: [] for outcome in TestOutcome}
    suites: dict[str, None] = {}
    judged: set[str] = set()
    for threshold in thresholds:
        for one in threshold.among(report.measures):
            outcome = PASSED if threshold.holds(one) else FAILED
            names[outcome].append(f"{one.name}{threshold.comparison}{threshold.number}")
            judged.add(one.name)
            suites[one.suite] = None
    for one in report.measures:
        if one.outcome and one.name not in judged:
            names[one.outcome].append(one.name)
            suites.update({one.suite: None} if one.suite in report.suites else {})
    if not suites:
        message = f"{report.tool} has numbers, and leaves open which are good enough: add one or "
        raise Undecided(
            f"{message}more of these, with your own number", tuple(_lines(report.measures))
        )
    worst = next(outcome for outcome in (FAILED, WARNED, PASSED) if names[outcome])
    return Decision(
        result=TestResult(
            result=worst,
            configuration=tuple(report.suites[name] for name in suites),
            passed=tuple(names[PASSED][:MOST]),
            warned=tuple(names[WARNED][:MOST]),
            failed=tuple(names[FAILED][:MOST]),
            created=report.finished,
        ),
        counts={outcome: len(found) for outcome, found in names.items()},
    )


def _lines(measures: Sequence[Measure]) -> Iterator[str]:
    """What to type for each number, with the one that was measured."""
    counted = [one for one in measures if one.value is not None and not STRAY.search(one.name)]
    for one in counted[:SHOWN]:
        yield f"{OPTION} {quote(f'{one.name}>={one.value!r}')}"
    if len(counted) > SHOWN:
        yield f"and {len(counted) - SHOWN} more"
