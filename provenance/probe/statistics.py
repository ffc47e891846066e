"""Whether counts differ by more than chance: Fisher's exact test, and Holm's correction for many.

R. A. Fisher, Statistical Methods for Research Workers (1934), section 21.02; S. Holm, A Simple
Sequentially Rejective Multiple Test Procedure (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import comb

ALPHA = 0.01
"""How often all tests of a run together may find something that is not there."""


@cache
def fisher(here: int, asked: int, there: int, others: int) -> float:
    """How likely `here` or more of `asked` are, if what makes them is as frequent as it is among
    all, `there` of the `others` included: the one-sided p-value of the 2x2 table, from 0 to 1."""
    marked, whole = here + there, asked + others
    least = max(here, marked - others)
    ways = sum(comb(marked, n) * comb(whole - marked, asked - n) for n in range(least, asked + 1))
    return float(Fraction(ways, comb(whole, asked)))


def holm(values: Sequence[float], tests: int | None = None) -> tuple[float, ...]:
    """The p-values corrected for their number, or for so many `tests`, in their order: what is
    below alpha then is found wrongly, in all of them together, in that share of runs at most."""
    count = max(len(values), tests or 0)
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected = [1.0] * len(values)
    most = 0.0
    for rank, number in enumerate(order):
        most = max(most, min(1.0, values[number] * (count - rank)))
        corrected[number] = most
    return tuple(corrected)
