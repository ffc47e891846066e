"""Every folder that was reported, real runs of trainers and small forgeries, has its outcome."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provenance.claims.claim import MethodClaim, ParentClaim
from provenance.claims.reference import LOCAL_PATH, UNNAMED
from provenance.judgement import Evaluation
from tests.lineage.reported import REPO, Reported, ancestry, convicting, judged, rows

ROWS = tuple(rows())
REASONS = {"local": LOCAL_PATH, "unnamed": UNNAMED}
SUGGESTED = re.compile(r'parents = \["([^"@]+)@')
NOBODY = "org/name"
"""What a message offers that has no name to offer."""

each_row = pytest.mark.parametrize("row", ROWS, ids=[row.folder for row in ROWS])


@pytest.fixture
def found(row: Reported, corpus: Path) -> Evaluation:
    return judged(corpus / row.folder)


def parents(found: Evaluation) -> list[tuple[str, ParentClaim]]:
    """What is claimed of other models, each with the name that a Hub has for it."""
    case = found.case.claimed
    named = [(case.canonical(c.repo), c) for c in case.parent_claims if c.repo]
    return [(name, claim) for name, claim in named if name != REPO]


def spelled(names: tuple[str, ...] | set[str]) -> set[str]:
    return {name.lower() for name in names}


def pinned(name: str, claim: ParentClaim) -> str:
    return f"{name}@{claim.revision}" if claim.revision else name


def test_every_reported_folder_has_a_row(corpus: Path) -> None:
    groups = [corpus / "reports" / name for name in ("claims", "trainers")]
    there = {
        str(path.relative_to(corpus))
        for group in groups
        for path in group.iterdir()
        if path.is_dir()
    }
    assert there == {row.folder for row in ROWS}


@each_row
def test_its_parents_are_found_and_no_others(row: Reported, found: Evaluation) -> None:
    named = parents(found)
    known = spelled({name for name, _ in named} | {pinned(*one) for one in named})
    names = spelled({name for name, _ in named})
    meant = spelled({name.partition("@")[0] for name in row.parents})
    assert spelled(row.parents) <= known
    assert meant <= names <= meant | spelled(row.may)


@each_row
def test_each_is_the_parent_of_what_it_is_the_parent_of(row: Reported, found: Evaluation) -> None:
    named = parents(found)
    parts = {(claim.part, one) for name, claim in named for one in (name, pinned(name, claim))}
    assert set(row.parts.items()) <= parts
    assert {(claim.of, name) for name, claim in named if claim.of} == set(row.above.items())


@each_row
def test_what_leads_nowhere_is_said_once_and_with_its_reason(
    row: Reported, found: Evaluation
) -> None:
    lost = found.case.graph.unresolved
    assert {REASONS[word] for word in row.unresolved} <= {one.reason for one in lost}
    texts = [one.text for one in lost] + [*{claim.text for _, claim in parents(found)}]
    assert {text: texts.count(text) for text in row.once} == dict.fromkeys(row.once, 1)


@each_row
def test_its_method_is_what_every_place_says(row: Reported, found: Evaluation) -> None:
    said = [one.methods for one in found.case.claimed.all if isinstance(one, MethodClaim)]
    assert not row.method or (said and all(row.method in methods for methods in said))


@each_row
def test_it_is_convicted_of_what_is_wrong_and_of_nothing_else(
    row: Reported, found: Evaluation
) -> None:
    rules = convicting(found)
    assert set(row.rules) <= rules <= {*row.rules, *row.either, *row.open}
    assert not row.either or rules & set(row.either)


@each_row
def test_a_message_offers_no_name_that_nobody_meant(row: Reported, found: Evaluation) -> None:
    messages = [one.message for one in ancestry(found)]
    offered = {name for message in messages for name in SUGGESTED.findall(message)} - {NOBODY}
    assert offered == ({row.suggests} if row.suggests else set())
    assert any(row.says in message for message in messages)
    assert not any("states no parent" in message for message in messages)
