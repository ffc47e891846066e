"""Fisher's test and Holm's correction, against values that textbooks print and sums by hand."""

from __future__ import annotations

from itertools import product
from math import comb

import pytest

from provenance.probe.statistics import fisher, holm


def test_the_lady_tasting_tea() -> None:
    """Fisher's own example: of four cups with milk first all four, or three, were told."""
    assert fisher(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert fisher(3, 4, 1, 4) == pytest.approx(17 / 70)


def test_every_small_table_is_a_sum_over_all_ways_to_deal_it() -> None:
    for here, asked, there, others in product(range(4), range(1, 4), range(4), range(1, 4)):
        if here > asked or there > others:
            continue
        marked = here + there
        ways = sum(
            comb(asked, n) * comb(others, marked - n)
            for n in range(here, asked + 1)
            if marked - n >= 0
        )
        expected = ways / comb(asked + others, marked)
        assert fisher(here, asked, there, others) == pytest.approx(expected)


def test_large_counts_are_exact() -> None:
    assert fisher(5, 5, 0, 21_895) == pytest.approx(1 / comb(21_900, 5))


CORRECTED = {
    "as Holm has it": ([0.01, 0.04, 0.03], None, [0.03, 0.06, 0.06]),
    "never above one": ([0.6, 0.7], None, [1.0, 1.0]),
    "for the tests that found nothing": ([0.001], 100, [0.1]),
    "nothing": ([], 5, []),
}


@pytest.mark.parametrize("case", CORRECTED)
def test_many_tests_are_corrected_for(case: str) -> None:
    values, tests, expected = CORRECTED[case]
    assert holm(values, tests) == pytest.approx(expected)
