"""What stands in a statement about when it was, and what it is worth beside a certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provenance.signature import Moments, Window
from provenance.signature.moments import moments, own_time
from provenance.wire.intoto import Statement
from tests import forge

NOW, DAY = forge.NOW, forge.DAY
DAY_1, DAY_2 = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
ONE, TWO = "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"
VALID = Window(earliest=DAY_1, latest=DAY_2)


def stating(predicate: object) -> Statement:
    return Statement(subjects=(), predicate_type="", predicate=predicate)


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ({"timeVerified": ONE}, DAY_1),
        ({"timeCreated": "2026-05-01T02:00:00+02:00"}, DAY_1),
        ({"runDetails": {"metadata": {"startedOn": ONE, "finishedOn": TWO}}}, DAY_2),
        ({"metadata": {"finishedOn": TWO}, "finishedOn": ONE}, DAY_1),
        ({"timeVerified": "2026-05-01T00:00:00"}, None),
        ({"timeVerified": "yesterday"}, None),
        ({"timeVerified": "0001-01-01T00:00:00+14:00"}, None),
        ({"timeVerified": "9999-12-31T23:59:59-14:00"}, None),
        ({"timeVerified": 1780272000}, None),
        ({"timeVerified": [ONE]}, None),
        ({"timeVerified": None, "runDetails": [], "metadata": "x"}, None),
        ({}, None),
        ([], None),
        (None, None),
        ("timeVerified", None),
    ],
)
def test_a_time_is_read_where_the_predicates_have_it(
    predicate: object, expected: datetime | None
) -> None:
    assert own_time(stating(predicate)) == expected


@pytest.mark.parametrize(
    ("ahead", "counts"),
    [(timedelta(0), True), (timedelta(minutes=5), True), (timedelta(hours=1), False)],
)
def test_a_time_that_is_yet_to_come_is_none(ahead: timedelta, counts: bool) -> None:
    predicate = {"timeVerified": (NOW + ahead).isoformat()}
    assert (moments(stating(predicate), (), at=NOW).signed is not None) is counts


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Moments(), None),
        (Moments(not_later_than=(DAY_1,)), None),
        (Moments(said=DAY_1), Window(earliest=DAY_1, latest=DAY_1)),
        (Moments(validity=VALID), VALID),
        (Moments(said=DAY_1, validity=VALID), Window(earliest=DAY_1, latest=DAY_1)),
        (Moments(said=DAY_2 + DAY, validity=VALID), VALID),
        (
            Moments(said=DAY_1 - DAY, validity=VALID),
            Window(earliest=DAY_1 - DAY, latest=DAY_1 - DAY),
        ),
    ],
)
def test_when_something_was_signed(known: Moments, expected: Window | None) -> None:
    assert known.signed == expected


def test_a_certificate_says_from_when_to_when() -> None:
    leaf = forge.certificate("dated", ca=True, start=DAY_1, end=DAY_2)
    assert moments(stating({}), (NOW,), at=NOW, certificate=leaf) == Moments(
        validity=VALID, not_later_than=(NOW,)
    )
