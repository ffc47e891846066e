"""What is known of when a signature was made: by what was signed, or by stamps upon it.

A stamp (a log's entry, an RFC 3161 token) lies outside the signature: anybody can add a later one,
or drop one. It proves that the signature existed by then, and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provenance.keys import Certificate
from provenance.wire.intoto import Statement

OWN_TIMES = (
    ("timeVerified",),
    ("timeCreated",),
    ("finishedOn",),
    ("metadata", "finishedOn"),
    ("runDetails", "metadata", "finishedOn"),
)
"""Where a predicate says when what it tells of was: SLSA VSA 1.1, in-toto SVR 0.1, SLSA Provenance
1.0; a test result, which has no such field of its own, may carry any of them."""
SKEW = timedelta(minutes=10)
"""By how much another clock may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time in which something was signed, both ends included."""

    earliest: datetime
    latest: datetime

    def is_after(self, other: Window) -> bool:
        """Whether every moment of it is later than every moment of `other`."""
        return self.earliest > other.latest


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """When something was signed, apart by who says so.

    `said` is the statement's own time, `validity` that of the certificate. `not_later_than` are
    stamps that were verified, in order; they count for a certificate's expiry and a compromise.
    """

    said: datetime | None = None
    validity: Window | None = None
    not_later_than: tuple[datetime, ...] = ()

    @property
    def signed(self) -> Window | None:
        """When it was signed, as far as what was signed tells: all that freshness and order know.

        A statement that says it is of a time when its certificate had ended is dated by that.
        """
        if self.said is None or (self.validity and self.said > self.validity.latest):
            return self.validity
        return Window(earliest=self.said, latest=self.said)

    @property
    def stamped(self) -> datetime | None:
        """The earliest moment at which somebody else vouches that it existed."""
        return self.not_later_than[0] if self.not_later_than else None

    def is_before(self, start: datetime, now: datetime) -> bool:
        """Whether it was signed before `start`; what has no time of its own was signed now."""
        if self.validity and self.validity.earliest >= start:
            return False
        return (self.signed.latest if self.signed else now) < start


def moments(
    statement: Statement,
    stamps: tuple[datetime, ...],
    *,
    at: datetime,
    certificate: Certificate | None = None,
) -> Moments:
    """What is known of a signature over `statement`, seen at `at`, with these verified stamps."""
    said = own_time(statement)
    return Moments(
        said=said if said and said <= at + SKEW else None,
        validity=Window(earliest=certificate.starts, latest=certificate.ends)
        if certificate
        else None,
        not_later_than=stamps,
    )


def own_time(statement: Statement) -> datetime | None:
    """The time that stands in a statement, the earliest of several; None if none can be read."""
    found = (_moment(statement.predicate, path) for path in OWN_TIMES)
    return min((moment for moment in found if moment), default=None)


def _moment(value: object, path: tuple[str, ...]) -> datetime | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
