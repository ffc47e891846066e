"""Ten thousand models: each judged once by two processes, and a revocation answered in a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.fleet.running import Work, judged
from provenance.source.progress import Silent
from tests.bench import fleet
from tests.fleet import models


@pytest.mark.parametrize(
    "count", [400, pytest.param(10_000, marks=pytest.mark.exhaustive)], ids=["some", "all"]
)
def test_every_model_is_judged_once_and_what_a_revocation_reaches_at_once(
    count: int, tmp_path: Path
) -> None:
    store, rules = models.filled(tmp_path / "fleet", fleet.fleet(count)), models.rules()
    judged(store, rules, Work(workers=2), Silent())
    assert len(models.verdicts(store, rules.key)) == count
    found = fleet.revoked(store, "tests")
    assert (found.named, found.judged) == (fleet.TOUCHED, fleet.TOUCHED)
    assert found.taken.worked < 1
