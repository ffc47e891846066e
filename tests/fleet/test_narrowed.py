"""Judging again only what a change can reach gives what judging everything gives."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.fleet.rules import Rules
from provenance.fleet.running import AFFECTED, Judged, Work, judged
from provenance.fleet.store import VERDICTS, FleetStore
from provenance.model import Evidence, Facts, Member
from provenance.policy import Settings
from provenance.source.progress import Silent
from provenance.trust import merge
from provenance.verdict import Level
from tests import forge
from tests.fleet import models

COUNT, LAYERS, A_PART = 15, 4, 4
FLEET: tuple[Evidence, ...] = tuple(models.mix(COUNT, LAYERS, generations=2))
ORIGIN = models.signed(3, "second")
MIRROR = replace(
    ORIGIN,
    ref=replace(ORIGIN.ref, text="free/bot3", repo="free/bot3", commit=models.commit("mirror")),
    facts=replace(ORIGIN.facts or Facts(id=""), id="free/bot3"),
    origin=models.known(ORIGIN),
)
LOADING = replace(
    models.small(99),
    members=(
        Member(
            repo="acme/bot13",
            commit=models.signed(13).ref.commit,
            manifest=models.signed(13).listing.digest,
            evidence=models.signed(13),
        ),
    ),
)
TAKEN = replace(
    ORIGIN,
    ref=replace(ORIGIN.ref, text="team3/taken", repo="team3/taken", commit=models.commit("taken")),
    facts=replace(ORIGIN.facts or Facts(id=""), id="team3/taken"),
)
EVERYBODY = (*FLEET, MIRROR, LOADING, TAKEN)
WHY = "EX-1"
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
LATER = models.NOW + timedelta(days=30)
Table = Mapping[str, Any]


def known(evidence: Evidence) -> list[tuple[str, str]]:
    """What may be revoked of a model and its ancestors."""
    found = [
        ("repo", evidence.ref.repo or ""),
        ("commit", evidence.ref.commit or ""),
        ("manifest", evidence.listing.digest),
        *(("files", f"sha256:{file.digest}") for file in evidence.listing.files),
    ]
    for ancestor in evidence.ancestors:
        found += known(ancestor.evidence) if ancestor.evidence else []
    return found


THINGS = [
    *sorted({thing for evidence in EVERYBODY for thing in known(evidence)}),
    ("repo", "nobody/here"),
    ("signer", "release"),
    ("signer", "Acme/second"),
    ("key", forge.key("release").public.fingerprint),
]


def revoked(thing: tuple[str, str]) -> dict[str, Any]:
    kind, value = thing
    named: dict[str, Any] = {kind: [value] if kind == "files" else value, "reason": WHY}
    since = {"compromised_since": date(2026, 1, 1)} if kind in ("signer", "key") else {}
    return named | since


def acme(*signers: str, **fields: Any) -> dict[str, Any]:
    return forge.org("Acme", *map(forge.signer, signers), **fields)


ORGS = {
    "two keys": [acme("release", "second")],
    "one key": [acme("release")],
    "another key": [acme("release", "third")],
    "two must sign": [acme("release", "second", threshold=2)],
    "a lab too": [acme("release"), forge.org("Lab", namespaces=["lab1", "tuner1"])],
    "who originates": [acme("release"), forge.org("Lab", namespaces=["lab1"], originates=True)],
    "a mirror": [
        acme("release", mirror=[{"of": "acme", "namespace": "free"}]),
        forge.org("Lab", namespaces=["lab2"]),
    ],
}
SETTINGS = {
    "none": Settings(),
    "signed": Settings(profile="signed"),
    "closure": Settings(levels=(("closure", Level.REQUIRE),)),
    "lenient": Settings(levels=(("identity", Level.WARN),)),
    "ages": Settings(registry_max_age=3),
}


def rules_of(
    orgs: str, things: list[tuple[str, str]], policy: str, days: int, ends: int, several: bool
) -> Rules:
    """Of several registries the second has a signer of its own, and revokes the first thing."""
    more = {"expires": (models.NOW + timedelta(days=ends)).date()} if ends else {}
    table = [revoked(thing) for thing in things]
    registry = models.registry(*table[several:], org=ORGS[orgs], **more)
    if several:
        other = forge.org("Other", forge.signer("third"), namespaces=["other", "team1"])
        registry = merge([registry, models.registry(*table[:1], org=[other], name="second")])
    at = models.NOW + timedelta(days=days)
    return Rules(settings=SETTINGS[policy], registry=registry, at=at)


RULES = st.builds(
    rules_of,
    st.sampled_from(sorted(ORGS)),
    st.lists(st.sampled_from(THINGS), max_size=3, unique=True),
    st.sampled_from(["none", "none", "closure", "signed", "lenient", "ages"]),
    st.sampled_from([0, 0, 1, 10]),
    st.sampled_from([0, 0, 5]),
    st.sampled_from([False, False, True]),
)


@dataclass(frozen=True, kw_only=True)
class Twice:
    """The same fleet in two stores: in one every run is judged, in the other what is affected."""

    narrow: FleetStore
    whole: FleetStore

    def cleared(self) -> None:
        for store in (self.narrow, self.whole):
            for run in store.place(VERDICTS).iterdir():
                shutil.rmtree(run)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Twice:
    top = tmp_path_factory.mktemp("fleets")
    narrow = models.filled(top / "narrow", EVERYBODY, A_PART)
    shutil.copytree(top / "narrow", top / "whole")
    return Twice(narrow=narrow, whole=FleetStore(root=top / "whole"))


def run(store: FleetStore, rules: Rules, only: str = "all") -> Judged:
    return judged(store, rules, Work(only=only), Silent())


def told(store: FleetStore, rules: Rules) -> dict[str, tuple[object, ...]]:
    """What came out; what a message proposes to write down until a day is not compared."""
    names = ("result", "reason", "rules", "signers", "profile", "asked", "bundles")
    rows = models.verdicts(store, rules.key)
    return {ref: tuple(row[name] for name in names) for ref, row in rows.items()}


def check_narrowed(twice: Twice, before: Rules, after: Rules) -> None:
    twice.cleared()
    run(twice.narrow, before)
    run(twice.narrow, after, AFFECTED)
    run(twice.whole, after)
    assert told(twice.narrow, after) == told(twice.whole, after)


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(before=RULES, after=RULES)
def test_narrowed_is_what_judging_all_gives(twice: Twice, before: Rules, after: Rules) -> None:
    check_narrowed(twice, before, after)


PAIRS = [*pairwise(ORGS), *pairwise(reversed(ORGS))]


@pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)
def test_narrowed_is_what_judging_all_gives_whoever_signs(
    pair: tuple[str, str], twice: Twice
) -> None:
    before, after = (rules_of(orgs, [], "none", 0, 0, False) for orgs in pair)
    check_narrowed(twice, before, after)


@pytest.mark.exhaustive
@settings(max_examples=400, deadline=None, suppress_health_check=SLOW)
@given(before=RULES, after=RULES)
def test_narrowed_is_what_judging_all_gives_in_full(
    twice: Twice, before: Rules, after: Rules
) -> None:
    check_narrowed(twice, before, after)


ONE = FLEET[1]
GRAND = "lab1/base"
REACHED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a repository": ({"repo": "acme/bot3"}, {"acme/bot3"}),
    "nobody's": ({"repo": "nobody/here"}, set()),
    "a commit": ({"commit": ONE.ref.commit}, {ONE.ref.repo or ""}),
    "a manifest": ({"manifest": ONE.listing.digest}, {ONE.ref.repo or ""}),
    "a base of bases": ({"repo": GRAND}, {"team1/m1", "team11/m11"}),
    "whom a key signed": (
        {"key": forge.key("second").public.fingerprint, "compromised_since": date(2026, 1, 1)},
        {"acme/bot3", "acme/bot13"},
    ),
}


@pytest.mark.parametrize("what", REACHED)
def test_no_more_is_judged_than_a_revocation_reaches(what: str, tmp_path: Path) -> None:
    thing, expected = REACHED[what]
    store = models.filled(tmp_path / "fleet", FLEET, A_PART)
    before, after = models.rules(), models.rules({**thing, "reason": WHY})
    run(store, before)
    again = run(store, after, AFFECTED)
    assert again.judged == len(expected)
    old, new = (models.verdicts(store, one.key) for one in (before, after))
    assert {ref for ref in new if new[ref] != old[ref]} == expected
    assert all(new[ref]["result"] == "fail" for ref in expected)


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


SAME = models.rules(at=at(2))
EXPIRING = models.rules(at=at(2), expires=date(2026, 11, 10))
EVERYTHING: dict[str, tuple[Rules, Rules, str]] = {
    "nothing, on the same day": (SAME, replace(SAME, at=at(2, 18)), ""),
    "nothing, on another day": (SAME, replace(SAME, at=at(9)), ""),
    "an expiry to come": (EXPIRING, replace(EXPIRING, at=at(9)), ""),
    "an expiry that passed": (EXPIRING, replace(EXPIRING, at=at(11)), "expired on 2026-11-10"),
    "the policy": (SAME, replace(SAME, settings=SETTINGS["signed"]), "the policy"),
    "the profile": (SAME, replace(SAME, profile="signed"), "the policy"),
    "a publisher more": (
        SAME,
        models.rules(org=[acme("release", "second"), forge.org("Lab", namespaces=["lab1"])]),
        "the registry",
    ),
}


@pytest.mark.parametrize("what", EVERYTHING)
def test_what_may_reach_everything_is_told_and_judged(what: str, tmp_path: Path) -> None:
    before, after, why = EVERYTHING[what]
    store = models.filled(tmp_path / "fleet", FLEET[:5], A_PART)
    run(store, before)
    again = run(store, after, AFFECTED)
    same = before.key == after.key
    assert again.judged == (5 if why else 0)
    assert same or why in again.why
    assert bool(again.why) is bool(why)


def test_what_expired_since_it_was_gathered_counts(tmp_path: Path) -> None:
    store = models.filled(tmp_path / "fleet", [models.signed(1)])
    for day, result in ((2, "pass"), (11, "fail")):
        rules = models.rules(at=at(day), expires=date(2026, 11, 10))
        run(store, rules)
        assert models.verdicts(store, rules.key)["acme/bot1"]["result"] == result
