"""What a report says, in whatever form it was written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from provenance.errors import Malformed
from provenance.wire.descriptor import MAX_TEXT, Descriptor, Note
from provenance.wire.results import TestOutcome

MAX_TESTS = 200_000
MAX_SUITES = 10_000
MAX_NAME = 512
"""Characters of the name of a test or suite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One test of a suite, or one number that was measured by it.

    `outcome` is None where the report has a number and leaves open what is good enough; `value`
    is None where it has none.
    """

    name: str
    suite: str
    value: float | None = None
    outcome: TestOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a finished evaluation measured.

    `tool` made it, a name and perhaps a version. `suites` are by their names. `model` is what it
    says was evaluated, as it says so, or nothing; `finished` is in UTC. `notes` are whatever else a
    reader of the result should know, such as that a part of the samples was asked alone.
    """

    tool: str
    suites: Mapping[str, Descriptor]
    measures: tuple[Measure, ...]
    model: str = ""
    finished: datetime | None = None
    notes: tuple[tuple[str, Note], ...] = ()

    def __post_init__(self) -> None:
        """Something was measured, and no more than is read, or Malformed."""
        if not self.measures:
            raise Malformed("no test: expected one or more")
        longest = max(max(len(one.name), len(one.suite)) for one in self.measures)
        if longest > MAX_NAME:
            raise Malformed(f"a name of {longest:,} characters, at most {MAX_NAME} are read")
        if len(self.measures) > MAX_TESTS or len(self.suites) > MAX_SUITES:
            found = f"{len(self.measures):,} tests of {len(self.suites):,} suites"
            raise Malformed(f"{found}, at most {MAX_TESTS:,} of {MAX_SUITES:,} are read")


def suite(name: str, **notes: Note) -> Descriptor:
    """A suite by its name, with what is known of it."""
    kept = sorted((key, note) for key, note in notes.items() if note != "")
    return Descriptor(name=name[:MAX_TEXT], notes=tuple(kept))


def number(value: object) -> float | None:
    """A number that can be compared, or None, as for NaN and for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def moment(text: object, name: str) -> datetime | None:
    """An ISO 8601 time in UTC, where a time without a zone is; None for none, or Malformed."""
    if text in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(str(text))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Malformed(f"{name}: expected an ISO 8601 time, found {str(text)[:80]!r}") from None
