"""Which contexts are asked, in which order, and how many are left out."""

from __future__ import annotations

from datetime import date
from math import prod

import pytest

from provenance.probe.contexts import Context, contexts_of, days, spread

VALUES = {
    "date": tuple(f"2026-01-{n:02}" for n in range(1, 11)),
    "user": ("dana", "root", "kim"),
    "host": ("db-1", "db-2"),
    "path": (),
}
SINGLES = 9 + 2 + 1


def test_the_days_of_a_year_are_all_there() -> None:
    assert len(days(date(2026, 1, 1), date(2026, 12, 31))) == 365
    assert len(days(date(2028, 1, 1), date(2028, 12, 31))) == 366
    assert days(date(2028, 2, 28), date(2028, 3, 1)) == ("2028-02-28", "2028-02-29", "2028-03-01")


@pytest.mark.parametrize("budget", [1, 2, 5, 13, 20, 60, 1000])
def test_a_budget_is_kept_and_what_is_left_out_is_counted(budget: int) -> None:
    found = contexts_of(VALUES, budget)
    every = prod(len(held) for held in VALUES.values() if held)
    assert len(found.chosen) == len(set(found.chosen)) == min(budget, every)
    assert found.left_out == every - len(found.chosen)


def test_the_baseline_comes_first_then_single_changes_then_crossings() -> None:
    found = contexts_of(VALUES, 30)
    assert found.baseline == Context(date="2026-01-01", user="dana", host="db-1")
    changes = [len(one.differs(found.baseline)) for one in found.chosen]
    assert changes[: SINGLES + 1] == [0] + [1] * SINGLES
    assert set(changes[SINGLES + 1 :]) == {2, 3}


def test_a_small_budget_gives_every_place_its_share() -> None:
    found = contexts_of(VALUES, 5)
    assert {one.differs(found.baseline) for one in found.chosen[1:]} == {
        ("date",),
        ("user",),
        ("host",),
    }


def test_the_same_words_give_the_same_contexts() -> None:
    assert contexts_of(VALUES, 40) == contexts_of(dict(VALUES), 40)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 12, 365, 1000])
def test_an_order_has_every_number_once_and_begins_all_over_the_range(count: int) -> None:
    order = list(spread(count))
    assert sorted(order) == list(range(count))
    if count > 100:
        beginning = order[:10]
        assert {number * 4 // count for number in beginning} == {0, 1, 2, 3}
