"""Weights of a model in the lockfile: a copy where that was first, unknown where no date tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provenance.case.case import Case
from provenance.checks.ancestry import check
from provenance.lock import Entry, Lock, LockedParent
from provenance.model import Evidence, Facts
from tests.checks.ancestors import POLICY, REGISTRY, made, tensors
from tests.hubs import card

WEIGHTS = tensors(4, 2)
OLD, YOUNG = ("5" + "0" * 23, "6" + "0" * 23)
ON_DISK = made(README__md=card("base_model: base/b"), model__safetensors=WEIGHTS)
NAMELESS = replace(ON_DISK, ref=replace(ON_DISK.ref, repo=None))
OTHER = made(README__md=card("base_model: base/b"), model__safetensors=tensors(2, 4))
CHILD = made(README__md=card("base_model: acme/x"), model__safetensors=WEIGHTS)


def on_a_hub(repo_id: str) -> Evidence:
    return replace(ON_DISK, facts=Facts(id="acme/m", repo_id=repo_id))


def entry(
    repo: str | None = "acme/x",
    *,
    mirror_of: str | None = None,
    parents: tuple[LockedParent, ...] = (),
) -> Entry:
    """The entry of a model on disk that has these weights."""
    return Entry(name="x", repo=repo, files=ON_DISK.listing, mirror_of=mirror_of, parents=parents)


def dated(repo_id: str) -> Entry:
    return replace(entry(), facts=Facts(id="acme/x", repo_id=repo_id))


CASES: dict[str, tuple[Evidence, Entry, set[str]]] = {
    "of a model on disk nobody knows when it was made": (ON_DISK, entry(), {"unknown"}),
    "the other's date alone is known": (ON_DISK, dated(OLD), {"unknown"}),
    "its own date alone is known": (on_a_hub(OLD), entry(), {"unknown"}),
    "the other is older": (on_a_hub(YOUNG), dated(OLD), {"fail"}),
    "the other is younger": (on_a_hub(OLD), dated(YOUNG), set()),
    "other weights": (OTHER, entry(), set()),
    "it names it": (CHILD, entry(), set()),
    "its own entry": (ON_DISK, entry("acme/m"), set()),
    "a mirror of it": (ON_DISK, entry(mirror_of="acme/m@" + "c" * 40), set()),
    "what came of it": (ON_DISK, entry(parents=(LockedParent(repo="acme/m"),)), set()),
    "a folder without a name": (NAMELESS, entry(), set()),
    "an entry without a name": (ON_DISK, entry(None), set()),
}


@pytest.mark.parametrize("name", CASES)
def test_of_two_copies_the_younger_is_one(name: str) -> None:
    given, locked, outcomes = CASES[name]
    case = replace(Case.heard(given, POLICY, REGISTRY), lock=Lock(entries=(locked,)))
    found = [f for f in check.check(case) if f.rule == "ancestry/identical"]
    assert {str(f.outcome) for f in found} == outcomes
    for finding in found:
        assert finding.where == "acme/x"


def test_who_may_come_from_there_is_told_the_line() -> None:
    case = replace(Case.heard(ON_DISK, POLICY, REGISTRY), lock=Lock(entries=(entry(),)))
    (finding,) = [f for f in check.check(case) if f.rule == "ancestry/identical"]
    assert finding.message.endswith('say it: parents = ["acme/x@<commit>"]')
