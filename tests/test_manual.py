"""Every rule that can be found is documented, and every documented rule can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provenance import manual
from provenance.checks import integrity
from provenance.checks.signature.check import KNOWN
from provenance.policy import PROFILES, may_lower

PACKAGE = Path(__file__).parent.parent / "provenance"
LITERAL = re.compile(
    r"""["']((?:integrity|signature|registry|policy|format|code|ancestry|identity|attestation)/[a-z0-9-]+)["']"""
)


def literals() -> set[str]:
    """Every rule id that stands in the package's code."""
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "levels.py"]
    found = {rule for path in files for rule in LITERAL.findall(path.read_text())}
    return {rule for rule in found if not rule.endswith("/pass")}


def test_every_rule_is_documented() -> None:
    assert literals() <= manual.rules().keys()


def test_every_problem_of_a_lineage_is_documented() -> None:
    found = [
        slug
        for path in (PACKAGE / "lineage").glob("*.py")
        for slug in re.findall(r"""(?:slug=|_problem\(\s*)"([a-z-]+)\"""", path.read_text())
    ]
    assert found
    assert {f"lineage/{slug}" for slug in found} <= manual.rules().keys()


def test_every_slug_of_a_reader_is_documented() -> None:
    slugs = {f"integrity/{slug}" for slug in integrity.FAILED | integrity.UNKNOWN}
    assert slugs | {f"signature/{slug}" for slug in KNOWN} <= manual.rules().keys()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_levels_name_rules_that_exist(profile: object) -> None:
    for found in PROFILES:
        for rule, _ in found.levels:
            assert rule in manual.rules()
            assert may_lower(rule)


def test_a_page_begins_with_its_name() -> None:
    for name in manual.PAGES:
        assert (manual.page(name) or "").startswith(f"{name}:")
