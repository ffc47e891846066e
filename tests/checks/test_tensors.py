"""Tensors of other models: named by their values, whatever files, names and types they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provenance.case.case import Case
from provenance.checks.ancestry.copies import copies
from provenance.checks.ancestry.tensors import Base, copied_tensors
from provenance.lock import Entry, Lock, LockedParent
from provenance.lock.sketch import sketch_of
from provenance.model import Evidence, Facts, TensorDigest, WeightFacts
from provenance.weights.ledger import Ledger
from tests.checks.ancestors import POLICY, REGISTRY, made
from tests.hubs import card

OLD, YOUNG = ("5" + "0" * 23, "6" + "0" * 23)
SHAPE = (256, 256)


def ledger(letters: str, prefix: str = "") -> Ledger:
    """A large tensor for each letter, which stands for its values; `p` is a table of positions."""
    names = {"p": "embed_positions.weight"}
    return Ledger(
        entries=tuple(
            TensorDigest(
                path="m.safetensors",
                name=prefix + names.get(letter, f"layers.{n}.w"),
                dtype="BF16",
                shape=SHAPE,
                opening=f"{ord(letter):02x}" * 32,
                digest=f"{ord(letter):02x}" * 32,
            )
            for n, letter in enumerate(letters)
        )
    )


def model(letters: str, front: str = "", repo: str | None = "acme/m") -> Evidence:
    given = made(README__md=card(front), model__safetensors=b"")
    tensors = ledger(letters, "renamed.").entries
    return replace(given, ref=replace(given.ref, repo=repo), weights=WeightFacts(tensors=tensors))


def said(given: Evidence, known: Mapping[str, str]) -> set[tuple[str, str, str]]:
    bases = {name: Base(at=f"{name}@c", ledger=ledger(some)) for name, some in known.items()}
    case = Case.heard(given, POLICY, REGISTRY)
    found = copied_tensors(case, bases)
    return {(f.rule.partition("/")[2], str(f.outcome), f.where) for f in found}


CASES: dict[str, tuple[Evidence, dict[str, str], set[tuple[str, str, str]]]] = {
    "a copy": (model("abc"), {"base/b": "abc"}, {("identical", "fail", "base/b")}),
    "of a larger one": (model("ab"), {"base/b": "abc"}, {("identical", "fail", "base/b")}),
    "a stranger": (model("abc"), {"base/b": "xyz"}, set()),
    "it names it": (model("abc", "base_model: base/b"), {"base/b": "abc"}, set()),
    "a part of it": (model("abx"), {"base/b": "abc"}, {("undeclared-parent", "fail", "base/b")}),
    "a part of what it names": (model("abx", "base_model: base/b"), {"base/b": "abc"}, set()),
    "a part, and what it names is not known": (
        model("abx", "base_model: base/b"),
        {"base/c": "abc"},
        {("undeclared-parent", "unknown", "base/c")},
    ),
    "a sibling kept the same tensors": (
        model("abx", "base_model: base/b"),
        {"base/b": "abc", "base/c": "aby"},
        set(),
    ),
    "positions by a formula": (model("px"), {"base/b": "pq"}, set()),
    "its own repository": (model("abc"), {"acme/m": "abc"}, set()),
    "a folder without a name": (model("abc", repo=None), {"base/b": "abc"}, set()),
    "a root itself": (model("abc", repo="rooted/x"), {"base/b": "abc"}, set()),
}


@pytest.mark.parametrize("name", CASES)
def test_whose_tensors_these_are_is_said_unless_it_is_named(name: str) -> None:
    given, known, expected = CASES[name]
    assert said(given, known) == expected


def test_how_many_and_of_which_commit_is_said() -> None:
    bases = {"base/b": Base(at="base/b@c0ffee", ledger=ledger("abc"))}
    (finding,) = copied_tensors(Case.heard(model("abc"), POLICY, REGISTRY), bases)
    assert finding.message.startswith("3 of 3 tensors are bit-identical to base/b@c0ffee")


def entry(letters: str, parent: str = "") -> Entry:
    """A model in the lockfile of whose tensors there is a sketch."""
    parents = (LockedParent(repo=parent),) if parent else ()
    sketch = sketch_of(ledger(letters).entries)
    return Entry(name="x", repo="acme/x", tensors=sketch, parents=parents)


def dated(own: str, locked: str) -> tuple[Evidence, Entry]:
    return (
        replace(model("abc"), facts=Facts(id="acme/m", repo_id=own)),
        replace(entry("abc"), facts=Facts(id="acme/x", repo_id=locked)),
    )


CHILD = model("abc", "base_model: base/b")
LOCKED: dict[str, tuple[Evidence, Entry, set[str]]] = {
    "no date is known": (model("abc"), entry("abc"), {"unknown"}),
    "the other is older": (*dated(YOUNG, OLD), {"fail"}),
    "the other is younger": (*dated(OLD, YOUNG), set()),
    "more beside them": (model("abcx"), entry("abc"), {"unknown"}),
    "fewer of them": (model("ab"), entry("abc"), set()),
    "too few to tell": (model("a"), entry("a"), set()),
    "it names it": (model("abc", "base_model: acme/x"), entry("abc"), set()),
    "a copy, of one base as it says": (CHILD, entry("abc", "base/b"), {"unknown"}),
    "of one base": (model("abcx", "base_model: base/b"), entry("abc", "base/b"), set()),
}


@pytest.mark.parametrize("name", LOCKED)
def test_what_begins_as_a_locked_model_is_its_copy(name: str) -> None:
    given, locked, outcomes = LOCKED[name]
    case = replace(Case.heard(given, POLICY, REGISTRY), lock=Lock(entries=(locked,)))
    assert {str(finding.outcome) for finding in copies(case)} == outcomes
