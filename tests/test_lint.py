"""What `registry check` remarks on, one entry at a time, and what it leaves alone."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest

from provenance.registry import starter
from provenance.trust import Registry
from provenance.trust.lint import Weight, lint
from tests import forge

NOW = forge.NOW
LATER = (NOW + timedelta(days=365)).date()
ACTIONS = "https://token.actions.githubusercontent.com"
BRANCH = "https://github.com/acme/train/.github/workflows/r.yml@refs/heads/main"
WORKFLOW = {
    "identity": "https://github.com/acme/train/.github/workflows/r.yml@refs/tags/*",
    "issuer": ACTIONS,
    "source_repository": "https://github.com/acme/train",
}
PERSON = {"identity": "r@acme.ai", "issuer": "https://accounts.google.com"}
ROOT = {"repo": "acme/base", "commit": "c" * 40, "manifest": f"sha256:{'a' * 64}"}


def authority(days: int) -> dict[str, Any]:
    """Signers under a CA that ends so many days from now."""
    ends = NOW + timedelta(days=days)
    made = forge.certificate("CA", ca=True, end=ends)
    return {"certificate_authority": forge.certificate_pem(made), "san": "r.acme.ai"}


def acme(*signers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return forge.registry(forge.org("Acme", *signers, **fields), expires=LATER)


def signer(name: str = "release", **fields: Any) -> dict[str, Any]:
    return forge.signer(name, **fields)


CASES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing": (acme(signer(), root=[ROOT]), set()),
    "never expires": (forge.registry(forge.org("Acme")), {"no-expiry"}),
    "has expired": (forge.registry(expires=date(2020, 1, 1)), {"expired"}),
    "expires soon": (forge.registry(expires=(NOW + timedelta(days=20)).date()), {"near-expiry"}),
    "a root without its bytes": (
        acme(root=[{"repo": "acme/base", "commit": "c" * 40}]),
        {"root-without-digest"},
    ),
    "a root without its commit": (
        acme(root=[{"repo": "acme/base", "manifest": ROOT["manifest"]}]),
        {"root-without-commit"},
    ),
    "a pattern inside a word": (acme(signer(repos=["acme/base*"])), {"unanchored-pattern"}),
    "a pattern at a word's end": (acme(signer(repos=["acme/base-*"])), set()),
    "two under one pattern": (acme(signer("a"), signer("b")), set()),
    "one inside another's pattern": (
        acme(signer("a"), signer("b", repos=["acme/x"])),
        {"overlapping-scope"},
    ),
    "one inside another's, in another role": (
        acme(signer("a"), signer("b", repos=["acme/x"], roles=["trainer"])),
        set(),
    ),
    "one key under two names": (
        acme(signer("a"), {**signer("b"), "key": forge.key("a").public.pem}),
        {"shared-material"},
    ),
    "one person under two names": (
        acme(signer("a", **PERSON), signer("b", **PERSON)),
        {"shared-material"},
    ),
    "a weak key": (acme(signer(key=forge.key("weak", "RSA").public.pem)), {"weak-key"}),
    "an authority that ends": (acme(signer(**authority(20))), {"near-expiry"}),
    "an authority that does not": (acme(signer(**authority(300))), set()),
    "a workflow by name": (acme(signer(**WORKFLOW)), {"renameable-source"}),
    "a workflow by number": (acme(signer(**WORKFLOW, source_repository_id="7")), set()),
    "a workflow of a branch": (
        acme(
            signer(
                **{**WORKFLOW, "identity": WORKFLOW["identity"].replace("tags/*", "heads/main")},
                owner_id="7",
            )
        ),
        {"branch-identity"},
    ),
    "a person": (acme(signer(**PERSON)), set()),
    "a signer for nothing": (
        forge.registry(
            forge.org("Audit", signer("x", roles=["evaluator"], repos=["a/b"]), namespaces=[]),
            forge.org("Acme"),
            expires=LATER,
        ),
        set(),
    ),
    "a signer revoked from the start": (
        forge.registry(
            forge.org("Acme", signer(valid_from=date(2026, 1, 1))),
            expires=LATER,
            revoked=[{"signer": "release", "reason": "x", "compromised_since": date(2025, 1, 1)}],
        ),
        {"unused-signer"},
    ),
    "a file that every model may have": (
        forge.registry(
            forge.org("Acme"),
            expires=LATER,
            revoked=[{"files": [f"sha256:{sha256().hexdigest()}"], "reason": "x"}],
        ),
        {"revoked-empty-file"},
    ),
    "an instance that nobody uses": (
        forge.registry(
            forge.org("Acme"), expires=LATER, sigstore=[{"name": "own", "trusted_root": "{}"}]
        ),
        {"unused-sigstore"},
    ),
    "a threshold that one scope cannot meet": (
        acme(signer("a"), signer("b", repos=["acme/x"]), threshold=2),
        {"unreachable-threshold", "overlapping-scope"},
    ),
    "a threshold that can be met": (acme(signer("a"), signer("b"), threshold=2), set()),
    "a name like another's": (
        forge.registry(
            forge.org("Acme"), forge.org("Other", namespaces=["acme-ai"]), expires=LATER
        ),
        {"confusable-namespace"},
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_is_remarked_on(what: str) -> None:
    table, rules = CASES[what]
    registry = Registry.from_table(table, source="trust.toml")
    assert {remark.rule for remark in lint(registry, NOW)} == rules


def test_problems_come_first() -> None:
    table = forge.registry(forge.org("Acme", signer("a"), signer("b", repos=["acme/x"])))
    found = lint(Registry.from_table(table, source="trust.toml"), NOW)
    assert [remark.weight for remark in found] == [Weight.PROBLEM, Weight.HINT]


def test_the_starter_registry_has_no_problem_but_that_it_never_expires() -> None:
    found = lint(starter(), NOW)
    assert [r.rule for r in found if r.weight is Weight.PROBLEM] == ["no-expiry"]
