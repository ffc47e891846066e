"""The crosswalk: every check leads to requirements of standards, and no row leads nowhere."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from provenance import manual
from provenance.checks.table import CHECKS
from provenance.errors import ConfigError
from provenance.manual.crosswalk import WORDINGS, requirements, rows, standards
from provenance.report import FORMATS
from provenance.report.crosswalk import BEHIND
from provenance.report.explained import explained, overview
from provenance.report.loaders import WIDTH
from provenance.verdict import failed
from tests.report.values import summary, verdict

ROWS, STANDARDS = rows(), standards()
NUMBERS = {
    "aisvs": r"C\d+(\.\d+){1,2}",
    "cosai": r"\d(\.\d)?",
    "slsa": r"Build L[123]|Verifying artifacts, (step [123]|Forming Expectations)|VSA",
    "ai-act": r"Annex (IV|XI, Section [12]|XII), point \d(\([a-h]\))?",
    "ai-rmf": r"(GOVERN|MAP|MEASURE|MANAGE) \d\.\d+",
    "ssdf": r"(PO|PS|PW|RV)\.\d\.\d",
}
"""How each standard numbers what it asks for."""


def test_every_check_has_a_row_and_every_row_names_a_check_or_a_rule() -> None:
    assert CHECKS.keys() <= ROWS.keys()
    assert ROWS.keys() <= CHECKS.keys() | manual.rules().keys()


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_not_empty_and_names_nothing_twice(name: str) -> None:
    assert ROWS[name]
    assert len(set(ROWS[name])) == len(ROWS[name])


@pytest.mark.parametrize("name", [name for name in ROWS if "/" in name])
def test_the_row_of_a_rule_differs_from_its_checks(name: str) -> None:
    assert set(ROWS[name]) != set(ROWS[name.partition("/")[0]])


@pytest.mark.parametrize("key", STANDARDS)
def test_a_standard_says_where_it_is_and_when_it_was_read(key: str) -> None:
    standard = STANDARDS[key]
    assert standard.source.startswith("https://")
    assert standard.name
    assert standard.title
    assert standard.version
    assert standard.read <= datetime.now(UTC).date()
    assert standard.wording in WORDINGS


@pytest.mark.parametrize("key", STANDARDS)
def test_what_is_cited_has_a_number_of_that_standard_and_words(key: str) -> None:
    for section, title in STANDARDS[key].sections.items():
        assert re.fullmatch(NUMBERS[key], section)
        assert title


def test_every_section_is_used() -> None:
    used = {(one.standard.key, one.section) for one in chain.from_iterable(ROWS.values())}
    known = {(key, section) for key, one in STANDARDS.items() for section in one.sections}
    assert known == used


def test_two_standards_do_not_share_a_name() -> None:
    assert len({standard.name for standard in STANDARDS.values()}) == len(STANDARDS)


@pytest.mark.parametrize("rule", manual.rules())
def test_a_rule_has_its_own_row_or_its_checks(rule: str) -> None:
    check = rule.partition("/")[0]
    assert requirements(rule) == ROWS[rule if rule in ROWS else check]


def test_what_is_no_check_has_nothing_behind_it() -> None:
    assert requirements("hub") == ()
    assert BEHIND not in explained("hub")


@pytest.mark.parametrize("name", [*CHECKS, "lineage/data-not-pinned", "format/gguf"])
def test_explain_ends_with_what_stands_behind_it(name: str) -> None:
    block = explained(name).partition(BEHIND)[2]
    for one in requirements(name):
        assert one.standard.name in block
        assert one.section in block


def test_the_page_has_every_standard_and_every_row() -> None:
    page = explained("crosswalk")
    lines = page.splitlines()
    for standard in STANDARDS.values():
        assert f"  {standard.source}" in lines
        assert standard.read.isoformat() in page
    for name in ROWS:
        assert name in lines
    wide = [line for line in lines if len(line) > WIDTH]
    assert all(line.strip().startswith("https://") for line in wide)


def test_the_overview_lists_the_page() -> None:
    assert re.search(r"^crosswalk +which requirements .+\?$", overview(), re.MULTILINE)


def test_a_name_that_is_nearly_its_own_is_suggested() -> None:
    with pytest.raises(ConfigError, match="did you mean crosswalk"):
        explained("croswalk")


def run_of(*rules: str) -> dict[str, Any]:
    found = tuple(failed(rule, "found", "file") for rule in rules)
    (run,) = json.loads(FORMATS["sarif"].write(summary(verdict("a/b", found))))["runs"]
    assert isinstance(run, dict)
    return run


def test_a_sarif_rule_leads_to_taxa_that_the_log_has() -> None:
    run = run_of("signature/unsigned", "registry/revoked")
    taxa = {(one["name"], taxon["id"]) for one in run["taxonomies"] for taxon in one["taxa"]}
    targets = {
        rule["id"]: {
            (one["target"]["toolComponent"]["name"], one["target"]["id"])
            for one in rule["relationships"]
        }
        for rule in run["tool"]["driver"]["rules"]
    }
    assert targets.keys() == {"signature/unsigned", "registry/revoked"}
    assert all(targets.values())
    assert set().union(*targets.values()) == taxa
    assert ("NIST AI RMF", "GOVERN 6.2") in targets["registry/revoked"]
    assert ("OWASP AISVS", "C3.1.2") in targets["signature/unsigned"]


def test_a_log_without_rules_names_no_standard() -> None:
    assert run_of()["taxonomies"] == []


def test_the_page_of_a_report_has_what_stands_behind_its_checks_and_rules() -> None:
    found = (failed("lineage/data-not-pinned", "found", "file"),)
    page = FORMATS["html"].write(summary(verdict("a/b", found)))
    listed = page.partition("Requirements of standards")[2]
    for name in ("format", "lineage/data-not-pinned"):
        assert f"<code>{name}</code>" in listed
        for one in requirements(name):
            assert f"<td>{one.standard.name} {one.section}</td>" in listed
    assert "<code>weights</code>" not in listed


def test_a_report_without_a_verdict_names_no_standard() -> None:
    assert "Requirements of standards" not in FORMATS["html"].write(summary())
