"""Which model a statement means by the files of a parent, and which it cannot tell from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.lineage import TrainingStep
from provenance.lineage.contradiction import contradiction
from provenance.lineage.naming import names_weights
from provenance.model import Ancestor, Evidence, Manifest
from provenance.signature import Party
from provenance.trust import Registry
from provenance.wire.training import Method, Parent, Step
from tests import forge
from tests.hubs import card
from tests.lineage.family import (
    BASE,
    BOT,
    SFT,
    TEMPLATE,
    TRAINER,
    Family,
    found,
    graph,
    tiers,
)

TRUE: set[tuple[str, str]] = set()
MISMATCH = {("parent-mismatch", SFT)}
OTHER = forge.safetensors(b"other weights...")
LEFT = ("runs/a/scalars.json", "trainer_state.json", "checkpoint-5/model.safetensors")
STATE = {path: OTHER if path.endswith(".safetensors") else b"{}" for path in LEFT}


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return Family(top=tmp_path)


def only(parent: Parent, *paths: str) -> Parent:
    """The parent, named by these of its files alone."""
    files = tuple(file for file in parent.files if file.path in paths)
    return replace(parent, files=files, manifest=Manifest(files=files).digest)


def of_a_part(family: Family, name: str | None, *paths: str) -> Evidence:
    """A bot whose parent was never published, and which another model's statement goes with."""
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, README__md=b"# bot\n")
    to = family.folder(BOT) / "claims.jsonl"
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model="", to=to)
    above = only(family.parent(SFT, repo=name, commit=None), *paths)
    forge.attest(family.folder(BOT), TRAINER, "grpo", above, model=BOT)
    return family.case(BOT, BASE)


@pytest.mark.parametrize("name", [None, SFT], ids=["by digest alone", "by a name"])
@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("model.safetensors",), set()),
        (("model.safetensors", "tokenizer.json"), set()),
        (("tokenizer.json",), {"unattested-step"}),
        (("config.json", "chat_template.jinja", "tokenizer.json"), {"unattested-step"}),
    ],
    ids=["weights", "weights and a tokenizer", "a tokenizer", "all but weights"],
)
def test_what_was_never_published_is_known_by_its_weights(
    paths: tuple[str, ...], expected: set[str], name: str | None, family: Family
) -> None:
    given = of_a_part(family, name, *paths)
    assert {rule for rule, _ in found(given, family.registry())} == expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("model.safetensors",), True),
        (("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"), True),
        (("model-00001-of-00002.safetensors",), False),
        (("training_args.bin", "config.json"), False),
        ((), False),
    ],
)
def test_shards_name_a_model_together(paths: tuple[str, ...], expected: bool) -> None:
    assert names_weights(paths) is expected


Files = Mapping[str, bytes | None]
PUBLISHED: dict[str, tuple[Files, set[tuple[str, str]]]] = {
    "as it was": ({}, TRUE),
    "with another card": (
        {"README.md": card(f"base_model: {BASE}") + b"\nNow with words.\n"},
        TRUE,
    ),
    "with a licence": ({"LICENSE": b"MIT\n", ".gitattributes": b"*.bin lfs\n"}, TRUE),
    "without what its trainer left": (dict.fromkeys(LEFT), TRUE),
    "without its card": ({"README.md": None}, TRUE),
    "with other figures": ({"trainer_state.json": b'{"a": 1}'}, TRUE),
    "with other weights": ({"model.safetensors": OTHER}, MISMATCH),
    "without its weights": ({"model.safetensors": None}, MISMATCH),
    "with another template": ({"chat_template.jinja": TEMPLATE + b"!"}, MISMATCH),
    "without its tokenizer": ({"tokenizer.json": None}, MISMATCH),
    "with weights for a card": ({"README.md": OTHER}, MISMATCH),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_parent_that_is_published_later_is_known_by_what_a_loader_reads(
    name: str, family: Family
) -> None:
    changes, expected = PUBLISHED[name]
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, SFT)
    forge.write(family.folder(SFT), STATE)
    above = family.parent(SFT, commit=None)
    forge.attest(family.folder(BOT), TRAINER, "grpo", above, model=BOT)
    forge.write(family.folder(SFT), {path: data for path, data in changes.items() if data})
    for path in (path for path, data in changes.items() if data is None):
        (family.folder(SFT) / path).unlink()
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


@pytest.mark.parametrize(
    ("signed", "expected"),
    [("the same", "anchored"), ("another", "attested")],
    ids=["the commit that is the parent", "another commit of its name"],
)
def test_a_signature_anchors_the_commit_that_it_is_over(
    signed: str, expected: str, family: Family
) -> None:
    release = forge.TufKey(key=forge.key("release"))
    family.attested()
    elsewhere = Family(top=family.top / "elsewhere")
    elsewhere.write(SFT, BASE, model__safetensors=OTHER)
    forge.sign((family if signed == "the same" else elsewhere).folder(SFT), release)
    other = elsewhere.ancestor(SFT)
    assert other.evidence
    ref = replace(other.evidence.ref, commit="d" * 40)
    other = replace(other, commit="d" * 40, evidence=replace(other.evidence, ref=ref))
    given = family.case(BOT, SFT, BASE)
    given = replace(given, ancestors=(*given.ancestors, other))
    assert tiers(graph(given, family.registry()))[BOT, SFT] == expected


@pytest.mark.parametrize(
    ("named", "asked", "said"),
    [
        ("run-3/checkpoint-7", False, True),
        ("run-3/checkpoint-7", True, False),
        ("sft-out", False, False),
    ],
    ids=["no Hub was asked", "a Hub has none", "no Hub has such names"],
)
def test_what_is_taken_for_a_folder_is_said(
    named: str, asked: bool, said: bool, family: Family
) -> None:
    family.attested()
    (family.folder(BOT) / "claims.jsonl").unlink()
    (family.folder(BOT) / "README.md").write_bytes(card(f"base_model: {named}"))
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    given = family.case(BOT, SFT, BASE)
    gone = Ancestor(claimed=named, missing=f"{named}: the Hub answers 404")
    given = replace(given, ancestors=(*given.ancestors, gone)) if asked else given
    drawn = graph(given, family.registry())
    assert not drawn.problems
    assert any(named in note for note in drawn.notes) is said


def test_many_statements_of_many_parents_are_compared_in_one_pass_each() -> None:
    statements, parents = 8, 200
    asked: list[str] = []

    def canonical(repo: str) -> str:
        asked.append(repo)
        return repo

    above = tuple(Parent(repo=f"acme/{number}") for number in range(parents))
    registry = Registry.from_table(
        forge.registry(forge.org("Acme", forge.signer("trainer", ["trainer"]))), source="trust.toml"
    )
    org = registry.orgs[0]
    party = Party(org=org, signer=org.signers[0])
    heard = [
        (
            TrainingStep(
                bundle=f"claims.jsonl:{n}",
                step=Step(
                    model=BOT,
                    method=Method.MERGE,
                    parents=above[:: 1 if n % 2 else -1],
                    subjects={"model.safetensors": "a" * 64},
                ),
            ),
            party,
        )
        for n in range(statements)
    ]
    assert contradiction(heard, canonical) == ""
    assert len(asked) <= statements * statements * parents * 3
