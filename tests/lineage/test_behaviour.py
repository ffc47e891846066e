"""A lineage that is attested says whether anybody tested what the model does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.case.case import Case
from provenance.checks import lineage
from provenance.model import Document, Evidence
from provenance.trust import Registry
from tests import forge
from tests.checks.said import Said, statement
from tests.lineage.family import BASE, BOT, POLICY, SFT, Family

NOBODY = "nobody tested its behaviour"
CASES = {
    "nobody says anything": (None, NOBODY),
    "an evaluator": (Said(who="red"), "Audit/red tested its behaviour"),
    "one that nobody knows": (Said(who="stranger"), NOBODY),
    "one that found it wanting": (Said(who="red", result="FAILED"), NOBODY),
    "one that left out the template": (Said(who="red", without=["chat_template.jinja"]), NOBODY),
}


@pytest.mark.parametrize("what", CASES)
def test_who_tested_it_is_said(what: str, tmp_path: Path) -> None:
    said, words = CASES[what]
    family = Family(top=tmp_path)
    family.attested()
    given = family.case(BOT, SFT, BASE)
    (finding,) = lineage.check(Case.heard(_with(given, said), POLICY, _with_evaluator(family)))
    assert (finding.rule, finding.message.rpartition("; ")[2]) == ("lineage/pass", words)


def _with(evidence: Evidence, said: Said | None) -> Evidence:
    if said is None:
        return evidence
    made = forge.bundle_of(statement(said, evidence), forge.TufKey(key=forge.key(said.who)))
    document = Document(path="tested.sig", data=json.dumps(made).encode())
    return replace(evidence, bundles=(*evidence.bundles, document))


def _with_evaluator(family: Family) -> Registry:
    base = {"repo": BASE, "manifest": forge.digested(family.folder(BASE)).manifest}
    acme = forge.org("Acme", forge.signer("trainer", ["trainer"]), root=[base])
    audit = forge.org("Audit", forge.signer("red", ["evaluator"], repos=["acme/*"]), namespaces=[])
    return Registry.from_table(forge.registry(acme, audit), source="trust.toml")
