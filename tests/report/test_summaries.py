"""What a summary says of how it was reached (SLSA 1.2, verification_summary v1)."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from provenance.judgement import Evaluation, evaluate
from provenance.model import Ancestor, Evidence, Facts, Ref
from provenance.policy import Policy, Settings
from provenance.produce.vsa import Rules, statement
from provenance.source import directory
from provenance.trust import Registry
from tests import forge

BASE, TUNED, CODE = "acme/base", "acme/tuned", "acme/code"
REGISTRY = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"), originates=True)), source="trust.toml"
)
LEVELS = {"release": ["PROVENANCE_SIGNED"], "stranger": ["FAILED"]}


def signed(folder: Path, repo: str, key: str = "release") -> Evidence:
    forge.write(folder, {**forge.MODEL, "NOTICE": repo.encode()})
    forge.sign(folder, forge.TufKey(key=forge.key(key)))
    return directory.collect(folder, ref=Ref(text=repo, repo=repo), at=forge.NOW)


def judged(evidence: Evidence) -> Evaluation:
    return evaluate(evidence, Policy.of(Settings(), profile="signed"), REGISTRY)


def predicate(evaluation: Evaluation) -> Any:
    rules = Rules.built_in(evaluation.verdict.profile)
    return json.loads(statement(evaluation, rules=rules, at=forge.NOW))["predicate"]


@pytest.mark.parametrize("key", LEVELS)
def test_a_model_that_failed_has_the_level_failed(tmp_path: Path, key: str) -> None:
    assert predicate(judged(signed(tmp_path / "m", TUNED, key)))["verifiedLevels"] == LEVELS[key]


def test_every_bundle_that_was_read_is_named(tmp_path: Path) -> None:
    """Also those beside an ancestor and beside what a loader fetches."""
    base = signed(tmp_path / "base", BASE)
    ancestor = Ancestor(claimed=BASE, facts=Facts(id=BASE), commit="c" * 40, evidence=base)
    tuned = replace(signed(tmp_path / "tuned", TUNED), ancestors=(ancestor,))
    code = judged(signed(tmp_path / "code", CODE))
    places = {"model.sig": "tuned", f"{BASE}/model.sig": "base", f"{CODE}/model.sig": "code"}
    named = predicate(replace(judged(tuned), members=(code,)))["inputAttestations"]
    assert {one["uri"]: one["digest"]["sha256"] for one in named} == {
        uri: sha256((tmp_path / folder / "model.sig").read_bytes()).hexdigest()
        for uri, folder in places.items()
    }
