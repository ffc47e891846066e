"""The check of identity, over names, a Hub's facts, pins and times."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provenance.case.case import Case
from provenance.case.publisher import PublisherSignature
from provenance.checks.identity import check
from provenance.lock import Entry
from provenance.model import Facts, Reach
from provenance.policy import Demand, Exemption, Policy, Settings
from provenance.trust import Org, Registry, Root
from provenance.verdict import Finding, Outcome
from tests.claims.models import REPO, evidence

AT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
COMMIT = "c" * 40
OWNER, OTHER_OWNER = "60a1" + "0" * 20, "60a2" + "0" * 20
# 2024-01-01 and 2025-12-31, as the Hub's ids tell their time.
OLD, NEW = "65920080" + "0" * 16, "69546a00" + "0" * 16
FACTS = Facts(id=REPO, repo_id=OLD, owner="acme", owner_id=OWNER, reach=Reach.BRANCH)
ACME = Org(name="Acme AI", namespaces=("acme", "acme-labs"))
REGISTRY = Registry(name="r", orgs=(ACME, Org(name="Umbrella", namespaces=("umbrella",))))
PINNED = replace(
    REGISTRY,
    orgs=(
        replace(ACME, roots=(Root(repo=REPO, repo_id=OLD),), namespace_ids=(("acme", OWNER),)),
        *REGISTRY.orgs[1:],
    ),
)
FILES = {"model.safetensors": b"x", "config.json": b"{}", "README.md": b""}
POLICY = Policy(profile="baseline", checks=("identity",), signature=Demand.REGISTERED)


def case(
    repo: str | None = REPO,
    facts: Facts | None = None,
    *,
    registry: Registry = REGISTRY,
    locked: Facts | None = None,
    policy: Policy = POLICY,
    publisher_signatures: Sequence[PublisherSignature] = (),
) -> Case:
    given = evidence(FILES)
    ref = replace(given.ref, text=repo or "./dir", repo=repo, commit=COMMIT if facts else None)
    return replace(
        Case.heard(replace(given, ref=ref, at=AT, facts=facts), policy, registry),
        publisher_signatures=tuple(publisher_signatures),
        locked=Entry(name="m", repo=REPO, facts=locked) if locked else None,
    )


def rules(model: Case) -> set[str]:
    """What was found, each rule with its outcome where that is not fail."""
    return {
        finding.rule.removeprefix("identity/")
        + ("" if finding.outcome is Outcome.FAIL else f" {finding.outcome}")
        for finding in check.check(model)
    }


def only(model: Case) -> Finding:
    (finding,) = check.check(model)
    return finding


def exempt(repo: str) -> Policy:
    manifest = evidence(FILES).manifest.digest
    return replace(
        POLICY,
        exemptions=(
            Exemption(repo=repo, manifest=manifest, reason="in use", expires=AT + 90 * DAY),
        ),
    )


@pytest.mark.parametrize(
    ("repo", "found"),
    [
        (REPO, {"pass pass"}),
        ("acme-labs/m", {"pass pass"}),
        ("someone/m", {"unknown-publisher"}),
        ("Acme/m", {"unknown-publisher", "confusable"}),
        ("acrne/m", {"unknown-publisher", "confusable"}),
        ("umbrella-official/m", {"unknown-publisher", "confusable"}),
        ("umbrela/m", {"unknown-publisher", "near-miss"}),
        ("acne/m", {"unknown-publisher"}),
        ("no repository", {"unknown-publisher"}),
        ("", {"unknown-publisher"}),
        (None, {"unnamed skipped"}),
    ],
)
def test_a_name_is_judged_alone(repo: str | None, found: set[str]) -> None:
    assert rules(case(repo)) == found


@pytest.mark.parametrize(
    ("repo", "found"),
    [
        ("someone/m", {"pass pass"}),
        ("umbrela/m", {"pass pass", "near-miss"}),
        ("acrne/m", {"confusable"}),
        ("ACME/m", {"confusable"}),
    ],
)
def test_exempted_bytes_may_have_no_registered_publisher(repo: str, found: set[str]) -> None:
    assert rules(case(repo, policy=exempt(repo))) == found
    assert "unknown-publisher" in rules(case(repo, policy=exempt("another/m")))


MOVED = replace(FACTS, id="acme-labs/m", owner="acme-labs")


@pytest.mark.parametrize(
    ("changed", "registry", "locked", "found"),
    [
        ({}, REGISTRY, None, "pass pass"),
        ({}, PINNED, FACTS, "pass pass"),
        ({"repo_id": None, "owner": None, "owner_id": None}, REGISTRY, None, "pass pass"),
        ({"reach": Reach.TAG}, REGISTRY, None, "pass pass"),
        ({"id": "acme/n"}, REGISTRY, None, "renamed"),
        ({"id": "acme/M"}, REGISTRY, None, "renamed"),
        ({"id": "acme-labs/m", "owner": "acme-labs"}, PINNED, None, "renamed"),
        ({"repo_id": NEW}, REGISTRY, None, "pass pass"),
        ({"repo_id": NEW}, PINNED, None, "replaced"),
        ({"repo_id": NEW}, REGISTRY, FACTS, "replaced"),
        ({"repo_id": None}, PINNED, None, "unverified-id unknown"),
        ({"repo_id": None}, REGISTRY, FACTS, "unverified-id unknown"),
        ({"owner": "mallory"}, REGISTRY, None, "owner-changed"),
        ({"owner": "Acme"}, REGISTRY, None, "owner-changed"),
        ({}, REGISTRY, MOVED, "owner-changed"),
        ({"owner": None}, REGISTRY, FACTS, "unverified-owner unknown"),
        ({"owner_id": OTHER_OWNER}, PINNED, None, "namespace-replaced"),
        ({"owner_id": OTHER_OWNER}, REGISTRY, FACTS, "pass pass"),
        ({"owner_id": None}, PINNED, None, "unverified-owner unknown"),
        ({"reach": Reach.PULL_REQUEST}, REGISTRY, None, "pull-request-only"),
        ({"reach": Reach.NOTHING}, REGISTRY, None, "unreachable-commit"),
        ({"reach": Reach.UNKNOWN}, REGISTRY, None, "reach-unknown unknown"),
    ],
)
def test_a_fact_is_held_against_what_pins_it(
    changed: Mapping[str, Any], registry: Registry, locked: Facts | None, found: str
) -> None:
    facts = replace(FACTS, **changed)
    assert rules(case(facts=facts, registry=registry, locked=locked)) == {found}


def test_the_ids_of_two_roots_are_both_right() -> None:
    roots = (Root(repo=REPO, repo_id=OLD), Root(repo=REPO, repo_id=NEW), Root(repo="acme/n"))
    registry = replace(REGISTRY, orgs=(replace(ACME, roots=roots),))
    for repo_id in (OLD, NEW):
        assert rules(case(facts=replace(FACTS, repo_id=repo_id), registry=registry)) == {
            "pass pass"
        }


def test_an_entry_of_another_repository_pins_nothing() -> None:
    model = case("acme/n", replace(FACTS, id="acme/n", repo_id=NEW), locked=FACTS)
    assert rules(model) == {"pass pass"}


def test_without_a_commit_nothing_has_to_reach_it() -> None:
    model = case(facts=replace(FACTS, reach=Reach.UNKNOWN))
    ref = replace(model.evidence.ref, commit=None)
    assert rules(replace(model, evidence=replace(model.evidence, ref=ref))) == {"pass pass"}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (case(), "Acme AI owns acme; only the name was judged"),
        (case(facts=FACTS), f"Acme AI owns acme; repository id {OLD}, commit on a branch"),
        (case("someone/m", policy=exempt("someone/m")), "exempted exactly these bytes: in use"),
        (case("./x", policy=POLICY), "no registered organisation owns the namespace '.'"),
        (case(facts=replace(FACTS, id="umbrella/m", owner="umbrella")), "owned by Umbrella"),
        (
            case(facts=replace(FACTS, id="eve/m", owner="eve")),
            "owned by no registered organisation",
        ),
        (case(facts=replace(FACTS, id="Acme/m", owner="Acme")), "spells it 'Acme/m', you wrote"),
        (case(facts=replace(FACTS, id="eve/m\nx", owner="eve")), r"'eve/m\nx'"),
        (
            case(facts=replace(FACTS, repo_id=NEW), locked=FACTS),
            "`provenance lock --accept identity/replaced@acme/m`",
        ),
    ],
)
def test_the_message_says(model: Case, words: str) -> None:
    assert words in only(model).message


def test_a_stranger_is_told_what_to_write_and_it_admits_them() -> None:
    model = case("someone/m")
    reason, _, block = only(model).message.partition("\n")
    assert reason.startswith("no registered organisation owns the namespace 'someone'")
    written = tomllib.loads(block.replace('"…"', '"looked at"'))
    settings = Settings.from_table(written, source="provenance.toml")
    assert rules(case("someone/m", policy=Policy.of(settings))) == {"pass pass"}
