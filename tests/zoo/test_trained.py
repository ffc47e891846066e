"""Trained models of several seeds are strangers, and what is made of one is kin of it."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from provenance.weights.fingerprint import Fingerprint
from provenance.weights.kind import Kind
from provenance.weights.kinship import kinship
from provenance.weights.relation import relate
from tests.interop.servers import told
from tests.weights.test_zoo import beside, printed

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]
HALF = "merge50"
"""Of two equal shares: each parent is a strong or a weak relation."""


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    python = told("PROVENANCE_TRANSFORMERS") / "python"
    subprocess.run([python, "-m", "tests.zoo.generate", folder], cwd=ROOT, check=True)
    return folder


@cache
def bases(zoo: Path) -> tuple[Fingerprint, ...]:
    return tuple(printed(path) for path in sorted(zoo.glob("B?.safetensors")))


def test_trained_models_of_other_seeds_are_strangers(zoo: Path) -> None:
    found = [relate(a.sample, b.sample).whole.z for a, b in combinations(bases(zoo), 2)]
    assert max(abs(z) for z in found) < 5


def test_what_was_made_of_a_base_is_kin_of_it_alone(zoo: Path) -> None:
    for path in sorted(zoo.glob("B0.*.json")):
        made_so = json.loads(path.read_text())
        weights = path.with_suffix(".safetensors")
        found = beside(weights, zoo / "B0.safetensors", deep=True)
        hidden = "perm" in made_so["kind"] or "rotate" in made_so["kind"]
        kinds = {Kind.OBFUSCATED} if hidden else {Kind.CORROBORATED}
        if made_so["kind"] == HALF:
            kinds.add(Kind.WEAK)
        assert found.kind in kinds, (made_so, found.words)
        for base in bases(zoo)[2:]:
            other = kinship(printed(weights), base, anchored=True)
            assert other.kind is Kind.NOT_SUPPORTED, (made_so, other.words)
