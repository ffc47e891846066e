"""What outsiders reported about signatures: each of their folders has the right outcome."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.judgement import judge
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.registry.file import load
from provenance.signature import unusable
from provenance.source import directory
from provenance.verdict import Level, Outcome, Verdict
from tests import forge

REPORTS = "reports"
ORIGIN = "ancestry/no-origin"
FOREIGN = {"integrity/foreign-signature", "signature/unsigned-other"}
OUTCOMES = {
    "signatures/localdir/localdir-ms": ("pass", {ORIGIN}),
    "signatures/localdir/incomplete-ours": ("pass", {ORIGIN}),
    "signing-and-ci/gpg-sig-beside-good/model": ("pass", FOREIGN),
    "signing-and-ci/gpg-sig-beside-good/model-cosign": ("pass", FOREIGN),
    "signing-and-ci/stale-trusted-root/model": (
        "incomplete",
        {"signature/stale-root", "integrity/no-reference"},
    ),
}


def verdict(folder: Path, at: datetime) -> Verdict:
    """The judgement of a folder as `acme/m`, by the trust.toml beside it."""
    evidence = directory.collect(folder, ref=Ref(text="m", repo="acme/m"), at=at)
    policy = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
    return judge(evidence, policy, load(folder.parent / "trust.toml"))


def rules(found: Verdict) -> set[str]:
    return {
        finding.rule
        for finding in found.findings
        if finding.outcome not in (Outcome.PASS, Outcome.SKIPPED) and finding.level is not Level.OFF
    }


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_reported_folder_has_its_outcome(corpus: Path, name: str) -> None:
    found = verdict(corpus / REPORTS / name, datetime.now(UTC))
    assert (found.result, rules(found)) == OUTCOMES[name], found.findings


@pytest.mark.parametrize("name", ["heart", "shot"])
def test_an_unsigned_picture_is_a_note_whatever_its_name(corpus: Path, name: str) -> None:
    """How its name is judged is the check of integrity's matter."""
    found = verdict(corpus / REPORTS / "signatures" / name / "m", forge.NOW)
    assert {rule for rule in rules(found) if rule.startswith("signature/")} == {
        "signature/unsigned-other"
    }
    assert "signature/pass" in {finding.rule for finding in found.findings}


@pytest.mark.each("reports/signatures/null_*.toml")
def test_a_root_with_nulls_can_be_used(each: Path) -> None:
    registry = load(each)
    assert registry.sigstores
    assert not list(unusable(registry))


def test_a_stale_root_is_unknown_and_says_what_to_do(corpus: Path) -> None:
    found = verdict(corpus / REPORTS / "signing-and-ci/stale-trusted-root/model", datetime.now(UTC))
    (finding,) = (f for f in found.findings if f.rule == "signature/stale-root")
    assert finding.outcome is Outcome.UNKNOWN
    assert "older than the signature" in finding.message
    assert "trusted_root.json" in finding.message
    assert "public-good:" not in finding.message.partition("roots are older")[0]
