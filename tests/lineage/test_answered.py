"""What a training statement answers of what a model's own files leave open."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.case.case import Case
from provenance.checks import lineage
from provenance.checks.ancestry import check as ancestry
from provenance.model import Evidence
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
