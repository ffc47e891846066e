"""What is stored is judged by the clock of today, as what is asked for now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance.fleet.rules import Rules
from provenance.fleet.running import AFFECTED, Work, judged
from provenance.judgement import judge
from provenance.model import Document, Evidence
from provenance.policy import Model, Policy, Settings
from provenance.source.progress import Silent
from provenance.trust import Registry
from provenance.wire import oms
from provenance.wire.intoto import STATEMENT_TYPE
from tests import forge
from tests.fleet import models

SAN = "bot@acme.example"
AUTHORITY = forge.certificate(
    "ca",
    ca=True,
    start=models.NOW - timedelta(days=90),
    end=models.NOW + timedelta(days=3650),
)
SIGNED = models.signed(1)
REPO = SIGNED.ref.repo or ""


def certified(days: int) -> Evidence:
    """A small model signed without a stamp, by a certificate that ends in so many days."""
    files = SIGNED.listing.files
    leaf = forge.certificate(
        "leaf",
        "ca",
        san=SAN,
        start=models.NOW - timedelta(days=30),
        end=models.NOW + timedelta(days=days),
    )
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": REPO, "digest": {"sha256": oms.root_digest(files)}}],
        "predicateType": oms.PREDICATE_TYPE,
        "predicate": oms.predicate(files, ()),
    }
    made = forge.bundle_of(statement, forge.TufKey(key=forge.key("leaf"), chain=(leaf,)))
    return replace(SIGNED, bundles=(Document(path="model.sig", data=json.dumps(made).encode()),))


def made(days: int) -> Evidence:
    """A small signed model whose repository was made so many days before it is judged first."""
    moment = int((models.NOW - timedelta(days=days)).timestamp())
    facts = SIGNED.facts
    assert facts
    return replace(SIGNED, facts=replace(facts, repo_id=f"{moment:08x}" + "0" * 16))


def registry(signer: Mapping[str, Any], *revoked: Mapping[str, Any]) -> Registry:
    org = forge.org("Acme", signer, originates=True)
    table = {"version": 1, "name": "t", "org": [org], "revoked": list(revoked)}
    return Registry.from_table(table, source="trust.toml")


PKI = registry(forge.signer("pki", certificate_authority=forge.certificate_pem(AUTHORITY), san=SAN))
LEAKED = {
    "key": forge.key("release").public.fingerprint,
    "compromised_since": (models.NOW + timedelta(days=2)).date(),
    "reason": "EX-9",
}


@dataclass(frozen=True, kw_only=True)
class Aging:
    """A model whose verdict changes with the days, and what it is on the first and a later one."""

    evidence: Evidence
    registry: Registry
    then: tuple[str, str]
    later: tuple[str, str]
    days: int = 5
    min_age: int = 0

    def rules(self, days: int) -> Rules:
        settings = Settings(profile="signed", min_age=self.min_age)
        at = models.NOW + timedelta(days=days)
        return Rules(settings=settings, registry=self.registry, at=at)


PASS, EXPIRED = ("pass", ""), ("fail", "signature/expired")
AGING = {
    "a certificate that ends": Aging(evidence=certified(3), registry=PKI, then=PASS, later=EXPIRED),
    "a certificate that ends on the day itself": Aging(
        evidence=certified(5), registry=PKI, then=PASS, later=EXPIRED, days=6
    ),
    "a certificate that still holds": Aging(
        evidence=certified(30), registry=PKI, then=PASS, later=PASS
    ),
    "a key that is lost in the meantime": Aging(
        evidence=SIGNED,
        registry=registry(forge.signer("release"), LEAKED),
        then=PASS,
        later=("fail", "signature/compromised"),
    ),
    "a repository that is old enough by then": Aging(
        evidence=made(1),
        registry=registry(forge.signer("release")),
        then=("fail", "identity/too-young"),
        later=("incomplete", "identity/age-unknown"),
        days=60,
        min_age=7,
    ),
}


@pytest.mark.parametrize("only", ["all", AFFECTED])
@pytest.mark.parametrize("what", AGING)
def test_what_is_stored_ages_as_what_is_asked_for(what: str, only: str, tmp_path: Path) -> None:
    aging = AGING[what]
    store = models.filled(tmp_path / "fleet", [aging.evidence])
    for days, expected in ((0, aging.then), (aging.days, aging.later)):
        rules = aging.rules(days)
        judged(store, rules, Work(only=only), Silent())
        row = models.verdicts(store, rules.key)[REPO]
        decided = row["rules"][0] if row["rules"] else ""
        assert (row["result"], decided) == expected, row["reason"]
        policy = Policy.of(rules.settings, Model(name=REPO, repo=REPO))
        live = judge(replace(aging.evidence, at=rules.at), policy, aging.registry, name=REPO)
        assert (live.result, live.reason) == (row["result"], row["reason"])


def test_a_day_on_which_nothing_ends_is_no_reason_to_judge_again(tmp_path: Path) -> None:
    aging = AGING["a certificate that still holds"]
    store = models.filled(tmp_path / "fleet", [aging.evidence])
    judged(store, aging.rules(0), Work(), Silent())
    assert judged(store, aging.rules(5), Work(only=AFFECTED), Silent()).judged == 0
    assert judged(store, aging.rules(31), Work(only=AFFECTED), Silent()).judged == 1
