"""What a training statement answers of what a model's own files leave open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from provenance.case.case import Case
from provenance.checks import lineage
from provenance.checks.ancestry import check as ancestry
from provenance.model import Evidence, Facts, Reach
from tests import forge
from tests.lineage.family import BASE, BOT, POLICY, SFT, TRAINER, Family

UNNAMED = b"This model is a fine-tuned version of [None](https://huggingface.co/None) on x.\n"
SAME = forge.safetensors(b"unchanged weight")


def unattested(family: Family) -> Evidence:
    (family.folder(BOT) / "claims.jsonl").unlink()
    return family.case(BOT, SFT, BASE)


def attested(family: Family) -> Evidence:
    return family.case(BOT, SFT, BASE)


def of_unchanged_weights(family: Family) -> None:
    """A step that changed the template alone, and a card that names no parent."""
    family.write(BASE)
    family.write(SFT, BASE, model__safetensors=SAME)
    family.write(BOT, model__safetensors=SAME, chat_template__jinja=b"{{ other }}")


def of_a_parent_without_a_name(family: Family) -> None:
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, README__md=UNNAMED)


def of_a_folder_on_some_machine(family: Family) -> None:
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, "/data/runs/sft")


def of_a_folder_with_a_bare_name(family: Family) -> None:
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, "sft-out", config__json=b'{"_name_or_path": "sft-out"}')


def of_a_checkpoint_of_some_run(family: Family) -> None:
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, "run-3/checkpoint-500")


def with_a_part_from_elsewhere(family: Family) -> None:
    family.write(BASE)
    family.write(SFT, BASE)
    vision = b'{"vision_config": {"_name_or_path": "acme/vision"}}'
    family.write(BOT, SFT, config__json=vision)


def rules(given: Evidence, family: Family) -> set[str]:
    case = Case.heard(given, POLICY, family.registry())
    return {finding.rule for check in (ancestry.check, lineage.check) for finding in check(case)}


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (of_unchanged_weights, "ancestry/identical"),
        (of_a_parent_without_a_name, "ancestry/unresolvable"),
        (of_a_folder_on_some_machine, "ancestry/unresolvable"),
        (of_a_folder_with_a_bare_name, "ancestry/unresolved"),
        (of_a_checkpoint_of_some_run, "ancestry/unknown-ancestor"),
    ],
)
def test_who_attests_the_step_answers_it(make: object, rule: str, tmp_path: Path) -> None:
    family = Family(top=tmp_path)
    assert callable(make)
    make(family)
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    assert rules(attested(family), family) == {"ancestry/pass", "lineage/pass"}
    assert rule in rules(unattested(family), family)


def test_a_part_needs_no_statement(tmp_path: Path) -> None:
    family = Family(top=tmp_path)
    with_a_part_from_elsewhere(family)
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    assert rules(attested(family), family) == {"ancestry/pass", "lineage/pass"}


@pytest.mark.parametrize("name", ["nobody/sft", "bert-base-uncased"])
def test_what_a_hub_may_have_is_answered_by_nobody(name: str, tmp_path: Path) -> None:
    family = Family(top=tmp_path)
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, name)
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    assert {"ancestry/unknown-ancestor", "lineage/claimed-not-attested"} <= rules(
        attested(family), family
    )


def test_a_bare_name_that_a_hub_has_is_answered_by_nobody(tmp_path: Path) -> None:
    family = Family(top=tmp_path)
    of_a_folder_with_a_bare_name(family)
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    given, known = attested(family), family.ancestor(BASE)
    there = replace(known, claimed="sft-out", facts=Facts(id="sft-out", reach=Reach.BRANCH))
    given = replace(given, ancestors=(*given.ancestors, there))
    assert "lineage/claimed-not-attested" in rules(given, family)


def test_a_folder_is_answered_for_the_step_alone_that_is_attested(tmp_path: Path) -> None:
    family = Family(top=tmp_path)
    of_a_folder_with_a_bare_name(family)
    family.write(SFT, "sft-out")
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    assert {"ancestry/unresolved", "lineage/unattested-step"} <= rules(attested(family), family)
