"""What the bytes of a model say of its stated parents, and of what is stated of its making."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from provenance.checks import weights
from provenance.checks.ancestry.undeclared import undeclared
from provenance.checks.weights import check
from provenance.lineage import Tier
from provenance.model import Document
from provenance.verdict import Finding, Outcome
from tests.checks.weighed import (
    BASE,
    KEYED,
    MINOR,
    OTHER,
    PAIR,
    TUNED,
    Hand,
    Weights,
    case,
    mixed,
    model,
    planted,
)

PARENT = "base_model: base/b"
B, O = Hand(repo="base/b", model=BASE), Hand(repo="base/o", model=OTHER)
SECRET = replace(B, coordinates=KEYED, where="settings")
HERE = replace(B, coordinates=PAIR, where="here")
MERGED = f"{PARENT}\nbase_model_relation: merge"
OLD, NEW = "1" * 24, "9" * 24
PUBLIC_ONLY = planted(OTHER, BASE, B.coordinates)


def said(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    return {(finding.rule, str(finding.outcome)) for finding in findings}


PASS = {("weights/pass", "pass")}
SKIPPED = {("weights/not-compared", "skipped")}
ROWS = {
    "tuned, by the registry": (TUNED, PARENT, [B, O], {}, PASS, Tier.CONSISTENT),
    "tuned, by a key": (TUNED, PARENT, [SECRET], {}, PASS, Tier.CORROBORATED),
    "tuned, by weights that are here": (TUNED, PARENT, [HERE], {}, PASS, Tier.CORROBORATED),
    "foreign weights": (
        OTHER,
        PARENT,
        [B],
        {},
        {("weights/not-supported", "unknown")},
        Tier.DECLARED,
    ),
    "another base's weights": (
        mixed(OTHER, 1, BASE, 0.01),
        PARENT,
        [B, O],
        {},
        {("weights/contradicted", "fail")},
        Tier.CONTRADICTED,
    ),
    "a minor share": (
        MINOR,
        PARENT,
        [B],
        {},
        {("weights/weak-relation", "unknown")},
        Tier.DECLARED,
    ),
    "a minor share of a merge": (MINOR, MERGED, [B], {}, PASS, Tier.CONSISTENT),
    "distilled": (
        OTHER,
        f"{PARENT}\nbase_model_relation: distilled",
        [B],
        {},
        SKIPPED,
        Tier.DECLARED,
    ),
    "nothing at hand": (TUNED, PARENT, [], {}, SKIPPED, Tier.DECLARED),
    "no parent, no kin": (OTHER, "", [B], {}, SKIPPED, None),
    "by the parent's parent": (
        TUNED,
        "base_model: base/ft",
        [B],
        {"base/ft": PARENT},
        PASS,
        Tier.DECLARED,
    ),
    "planted, and nothing secret": (PUBLIC_ONLY, PARENT, [B], {}, PASS, Tier.CONSISTENT),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_weights_say_of_a_parent(name: str) -> None:
    mine, front, hands, above, expected, tier = ROWS[name]
    known = {"base/b": "", "base/o": ""} | dict(above)
    given = case(model(mine, front, hands, known), hands)
    assert said(list(check.check(given))) == expected
    tiers = [edge.tier for edge in given.graph.above.get("acme/m", ())]
    assert tiers == ([tier] if tier else [])
    assert not list(undeclared(given))


NOBODY: list[Hand] = []
FAIL, UNKNOWN = Outcome.FAIL, Outcome.UNKNOWN
UNDECLARED = {
    "a root that nothing names": (TUNED, "", [B], "acme/m", FAIL),
    "one that the settings have": (TUNED, "", [replace(B, where="settings")], "acme/m", UNKNOWN),
    "a parent that is not at hand": (TUNED, "base_model: base/x", [B], "acme/m", UNKNOWN),
    "one that was there later": (TUNED, "", [replace(B, repo_id=NEW)], "acme/m", None),
    "one that was there before": (TUNED, "", [replace(B, repo_id=OLD)], "acme/m", FAIL),
    "of who makes models": (TUNED, "", [B], "maker/m", UNKNOWN),
    "the root itself": (TUNED, "", [B], "base/b", None),
    "a relative of the stated parent": (
        TUNED,
        PARENT,
        [B, replace(B, repo="base/chat", model=mixed(BASE, 1, OTHER, 0.1))],
        "acme/m",
        None,
    ),
    "a weak relation": (MINOR, "", [B], "acme/m", None),
    "no relation": (OTHER, "", [B], "acme/m", None),
}


@pytest.mark.parametrize("name", UNDECLARED)
def test_a_known_model_that_nothing_names(name: str) -> None:
    mine, front, hands, repo, outcome = UNDECLARED[name]
    given = model(mine, front, hands, {})
    given = replace(
        given,
        ref=replace(given.ref, repo=repo),
        facts=given.facts and replace(given.facts, id=repo),
    )
    found = list(undeclared(case(given, hands)))
    assert [finding.outcome for finding in found] == ([outcome] if outcome else [])
    assert {finding.where for finding in found} <= {"base/b"}
