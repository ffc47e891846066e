"""What a loader reads and nobody signed fails, and what nobody reads does not: repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.judgement import judge
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.registry import file
from provenance.source import directory
from provenance.verdict import Outcome, Verdict
from tests import forge

REPO = "acme/base"
POLICY = Policy.of(Settings(), Model(name=REPO, repo=REPO, path="m"))
DECIDE = {
    "u-adapter-beside-model": "transformers loads the base that it names instead of the weights",
    "u-gguf-preset-ini": "loads what it names, not the GGUF beside it",
}
"""What the unsigned file of these makes a loader use."""


def judged(folder: Path) -> Verdict:
    registry = file.load(folder.parent / "trust.toml")
    ref = Ref(text="repo", repo=REPO)
    return judge(directory.collect(folder / "repo", ref=ref, at=forge.NOW), POLICY, registry)


@pytest.mark.each("reports/loaders/u-*")
def test_what_is_read_and_unsigned_fails(each: Path) -> None:
    found = judged(each)
    unsigned = [f for f in found.findings if f.rule == "signature/unsigned-file"]
    assert unsigned
    assert "exclude = [" in unsigned[0].message
    assert DECIDE.get(each.name, "") in unsigned[0].message


@pytest.mark.each("reports/loaders/n-*")
def test_what_nobody_reads_does_not(each: Path) -> None:
    found = judged(each)
    assert dict(found.checks)["signature"] is Outcome.PASS
    assert not [f for f in found.findings if f.rule == "format/loader-choice"]
