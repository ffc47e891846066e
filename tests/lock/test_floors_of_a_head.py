"""Which floors a pull request's lockfile may have."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provenance.lock import Floor, Lock
from provenance.lock.update import as_proposed


def floors(**versions: int) -> Lock:
    """A lock of registries that are published, each at this version."""
    made = [
        Floor(name=name, version=version, url=f"https://{name}.example/", root="sha256:00")
        for name, version in versions.items()
    ]
    return Lock(registries=tuple(made))


BASE, FORK, TODAY = floors(a=5), floors(a=3), floors(a=7)
CASES: Mapping[str, tuple[Lock, bool]] = {
    "the base's": (BASE, True),
    "as it set out": (FORK, True),
    "in between": (floors(a=6), True),
    "today's": (TODAY, True),
    "lower than both": (floors(a=2), False),
    "higher than today": (floors(a=8), False),
    "none": (floors(), False),
    "one more": (floors(a=6, b=1), False),
}


@pytest.mark.parametrize("case", CASES)
def test_floors_lie_between_what_is_known_and_today(case: str) -> None:
    proposed, kept = CASES[case]
    found = as_proposed(TODAY, proposed, (BASE, FORK))
    assert found.registries == (proposed if kept else TODAY).registries
