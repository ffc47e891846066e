"""Twice the input is twice the work, whatever the input: counted in calls, which no clock bends."""

from __future__ import annotations

import pytest

from provenance.claims.claim import ParentClaim, Unread
from provenance.claims.parents import MAX_OF_FILE, MAX_OF_MODEL, parent_claims
from provenance.judgement import judge
from tests.bench.growth import CASES, POLICY, REGISTRY, Case, adapters, calls, parts

SHARE = 100
MOST = 2.5


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_twice_the_input_is_twice_the_work(case: Case) -> None:
    size = min(case.size // 2, max(400, case.size // SHARE))
    calls(case, size)
    assert calls(case, 2 * size) <= MOST * calls(case, size)


def test_what_names_too_many_parents_is_read_in_part_and_said_so() -> None:
    claims = parent_claims(parts(MAX_OF_FILE + 1))
    assert sum(isinstance(claim, ParentClaim) for claim in claims) == MAX_OF_FILE
    assert [claim.path for claim in claims if isinstance(claim, Unread)] == ["config.json"]
    assert len(parent_claims(adapters(MAX_OF_MODEL + 1))) == MAX_OF_MODEL + 1


def test_a_thousand_bases_of_parts_are_a_thousand_findings_and_no_conflict() -> None:
    found = judge(adapters(1_000), POLICY, REGISTRY).findings
    counted = {
        rule: sum(f.count for f in found if f.rule == rule) for rule in {f.rule for f in found}
    }
    assert counted["ancestry/unknown-ancestor"] == 1_000
    assert "ancestry/conflict" not in counted
