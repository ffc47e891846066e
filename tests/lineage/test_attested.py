"""Training statements: what completes a lineage, and every way in which one does not."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from provenance.claims.files import ModelFiles
from provenance.claims.loader import loader_reads
from provenance.lineage import Claimed, TrainingStep, build, step_of
from provenance.lineage.steps import unverified_steps
from provenance.model import Document, Evidence
from provenance.signature import Moments, Window, verify
from provenance.trust import Registry
from provenance.wire.bundle import Opened, opened
from tests import forge, hostile
from tests.lineage.family import BASE, BOT, SFT, TEMPLATE, TRAINER, Family, found, graph, tiers

STRANGER = forge.TufKey(key=forge.key("stranger"))
NOBODY = forge.TufKey(key=forge.key("nobody"))
RELEASE = forge.TufKey(key=forge.key("release"))
Found = set[tuple[str, str]]
UNATTESTED: Found = {("unattested-step", BOT)}


def attested(family: Family) -> Evidence:
    family.attested()
    return family.case(BOT, SFT, BASE)


def by(tuf_key: forge.TufKey) -> Callable[[Family], Evidence]:
    """The last step, attested by somebody else."""

    def case(family: Family) -> Evidence:
        family.attested()
        (family.folder(BOT) / "claims.jsonl").unlink()
        forge.attest(family.folder(BOT), tuf_key, "grpo", family.parent(SFT), model=BOT)
        return family.case(BOT, SFT, BASE)

    return case


def bent(**statement: object) -> Callable[[Family], Evidence]:
    """The last step, attested by the right trainer over something bent."""
    paths = {name.replace("__", "."): value for name, value in statement.items()}
    return by(replace(TRAINER, statement=paths))


def parents(*names: str, **changes: Any) -> Callable[[Family], Evidence]:
    """The last step, with these parents."""

    def case(family: Family) -> Evidence:
        family.attested()
        (family.folder(BOT) / "claims.jsonl").unlink()
        given = [family.parent(name, **changes) for name in names]
        forge.attest(family.folder(BOT), TRAINER, "grpo", *given, model=BOT)
        return family.case(BOT, SFT, BASE)

    return case


def told_twice(*order: str, by_whom: forge.TufKey = TRAINER) -> Callable[[Family], Evidence]:
    """Statements about the same files of the last step, in this order."""

    def case(family: Family) -> Evidence:
        family.attested()
        place = family.folder(BOT)
        files = {f.path: f.sha256 for f in family.evidence(BOT).manifest.files}
        weights = {"model.safetensors": files["model.safetensors"]}
        (place / "claims.jsonl").unlink()
        made: dict[str, Callable[[], object]] = {
            "true": lambda: forge.attest(place, TRAINER, "grpo", family.parent(SFT), model=BOT),
            "again": lambda: forge.attest(
                place, TRAINER, "grpo", family.parent(SFT, commit=None), model=BOT
            ),
            "method": lambda: forge.attest(place, by_whom, "sft", family.parent(SFT), model=BOT),
            "parent": lambda: forge.attest(place, by_whom, "grpo", family.parent(BASE), model=BOT),
            "name": lambda: forge.attest(
                place, by_whom, "sft", family.parent(BASE), model="acme/elsewhere"
            ),
            "weights": lambda: forge.attest(
                place, by_whom, "dpo", family.parent(SFT), subjects=weights
            ),
            "settings": lambda: forge.attest(
                place,
                by_whom,
                "dpo",
                family.parent(SFT),
                subjects={**files, "config.json": "0" * 64},
            ),
            "sibling": lambda: forge.attest(
                place,
                TRAINER,
                "lora",
                family.parent(BOT),
                subjects={"tokenizer.json": files["tokenizer.json"], "lora.safetensors": "1" * 64},
            ),
        }
        for name in order:
            made[name]()
        return family.case(BOT, SFT, BASE)

    return case


CONTRADICTORY = [
    order
    for other in ("method", "parent", "name", "weights", "settings")
    for order in (("true", other), (other, "true"))
]


@pytest.mark.parametrize("order", CONTRADICTORY, ids="-".join)
def test_two_statements_that_cannot_both_be_true_are_a_finding(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    family = Family(top=tmp_path)
    evidence = told_twice(*order)(family)
    assert ("contradictory", BOT) in found(evidence, family.registry())


AGREEING = [("true", "true"), ("true", "again"), ("again", "true"), ("sibling", "true")]


@pytest.mark.parametrize("order", AGREEING, ids="-".join)
def test_what_agrees_or_is_of_other_weights_is_none(tmp_path: Path, order: tuple[str, ...]) -> None:
    family = Family(top=tmp_path)
    evidence = told_twice(*order)(family)
    assert found(evidence, family.registry()) == set()


@pytest.mark.parametrize("order", [("true", "method"), ("method", "true")], ids="-".join)
def test_a_stranger_contradicts_nobody(tmp_path: Path, order: tuple[str, ...]) -> None:
    family = Family(top=tmp_path)
    evidence = told_twice(*order, by_whom=NOBODY)(family)
    assert found(evidence, family.registry()) == set()


def without_statement(family: Family) -> Evidence:
    family.attested()
    (family.folder(BOT) / "claims.jsonl").unlink()
    return family.case(BOT, SFT, BASE)


def weights_alone(family: Family) -> Evidence:
    """The subjects leave out the template, which carries the backdoor."""
    family.attested()
    (family.folder(BOT) / "claims.jsonl").unlink()
    files = family.evidence(BOT).manifest.files
    weights = {f.path: f.sha256 for f in files if f.path.endswith(".safetensors")}
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), subjects=weights)
    return family.case(BOT, SFT, BASE)


def template_changed(family: Family) -> Evidence:
    family.attested()
    (family.folder(BOT) / "chat_template.jinja").write_bytes(TEMPLATE + b"!")
    return family.case(BOT, SFT, BASE)


def middle_unattested(family: Family) -> Evidence:
    family.attested()
    (family.folder(SFT) / "claims.jsonl").unlink()
    return family.case(BOT, SFT, BASE)


def never_published(family: Family) -> Evidence:
    """The fine-tune is known by digest alone, and the bot's claims carry its statement."""
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT)
    (family.folder(BOT) / "README.md").write_bytes(b"# bot\n")
    to = family.folder(BOT) / "claims.jsonl"
    middle = family.parent(SFT, commit=None)
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), to=to)
    forge.attest(family.folder(BOT), TRAINER, "grpo", middle, model=BOT)
    return family.case(BOT)


def of_a_root_that_is_not_here(family: Family) -> Evidence:
    """Nothing but the registry and the statement knows the base."""
    family.attested()
    return family.case(SFT)


def parent_changed(family: Family) -> Evidence:
    family.attested()
    (family.folder(SFT) / "config.json").write_bytes(b'{"model_type": "other"}')
    return family.case(BOT, SFT, BASE)


def omitted_parent(family: Family) -> Evidence:
    """A merge of two, of which the statement names one."""
    family.attested()
    family.write("acme/merge", SFT, "other/x")
    forge.attest(family.folder("acme/merge"), TRAINER, "merge", family.parent(SFT))
    return family.case("acme/merge", SFT, BASE)


def circular(family: Family) -> Evidence:
    """Two models that are each made from the other, by their statements."""
    family.write(SFT)
    family.write(BOT)
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BOT), model=SFT)
    forge.attest(family.folder(BOT), TRAINER, "sft", family.parent(SFT), model=BOT)
    return family.case(BOT, SFT)


def from_nothing(family: Family) -> Evidence:
    family.write(BOT)
    forge.attest(family.folder(BOT), TRAINER, "pretrain", model=BOT)
    return family.case(BOT)


def two_commits_of_one_parent(family: Family) -> Evidence:
    """A merge of a model at two commits, of which one is attested and the other is not."""
    family.attested()
    good, known = family.parent(SFT), family.ancestor(SFT)
    family.write(SFT, BASE, model__safetensors=forge.safetensors(b"another training"))
    (family.folder(SFT) / "claims.jsonl").unlink()
    bad = family.parent(SFT, commit="d" * 40)
    other = replace(family.ancestor(SFT), revision="d" * 40, commit="d" * 40)
    family.write("acme/merge", SFT)
    forge.attest(family.folder("acme/merge"), TRAINER, "merge", good, bad, model="acme/merge")
    given = family.case("acme/merge", BASE)
    return replace(given, ancestors=(*given.ancestors, known, other))


def by_the_parents_trainer(family: Family) -> Evidence:
    """The trainer of the parent attests somebody else's child."""
    family.attested()
    family.write("other/child", BOT)
    folder = family.folder("other/child")
    forge.attest(folder, TRAINER, "sft", family.parent(BOT), model="other/child")
    return family.case("other/child", BOT, SFT, BASE)


CASES: dict[str, tuple[Callable[[Family], Evidence], Found]] = {
    "every step is attested": (attested, set()),
    "a middle step was never published": (never_published, set()),
    "the root is known to the registry alone": (of_a_root_that_is_not_here, set()),
    "no statement": (without_statement, UNATTESTED),
    "a key that nobody knows": (by(NOBODY), UNATTESTED),
    "a trainer of another organisation": (by(STRANGER), UNATTESTED),
    "a publisher is no trainer": (by(RELEASE), UNATTESTED),
    "the parent's trainer for somebody else's child": (
        by_the_parents_trainer,
        {("unattested-step", "other/child")},
    ),
    "a statement of another model": (
        bent(predicate__buildDefinition__externalParameters__model="acme/else"),
        UNATTESTED,
    ),
    "a foreign build type": (
        bent(predicate__buildDefinition__buildType="https://example.org/train"),
        UNATTESTED,
    ),
    "a method that is none": (
        bent(predicate__buildDefinition__externalParameters__method="magic"),
        {*UNATTESTED, ("malformed", "claims.jsonl:1")},
    ),
    "files that are not what their digest says": (
        bent(
            predicate__buildDefinition__resolvedDependencies__0__digest__hfProvenanceManifest="0"
            * 64
        ),
        {*UNATTESTED, ("malformed", "claims.jsonl:1")},
    ),
    "a time that no clock has in UTC": (
        bent(predicate__runDetails__metadata={"finishedOn": "0001-01-01T00:00:00+23:59"}),
        {*UNATTESTED, ("malformed", "claims.jsonl:1")},
    ),
    "a middle step is unattested": (middle_unattested, {("unattested-step", SFT)}),
    "the template is left out": (weights_alone, {("uncovered-file", BOT)}),
    "the template was changed": (template_changed, UNATTESTED),
    "a parent without digest": (
        parents(SFT, manifest=None, files=()),
        {("parent-without-digest", BOT)},
    ),
    "a parent that is something else now": (parent_changed, {("parent-mismatch", SFT)}),
    "a parent left out": (
        omitted_parent,
        {("claimed-not-attested", "other/x")},
    ),
    "a parent at two commits, one of them unattested": (
        two_commits_of_one_parent,
        {("unattested-step", f"{SFT}@{'d' * 40}")},
    ),
    "a circle": (circular, {("cycle", BOT), ("cycle", SFT)}),
    "made from nothing, by whoever": (from_nothing, {("no-root", BOT)}),
}


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return Family(top=tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_a_lineage_is_complete_or_says_where_not(name: str, family: Family) -> None:
    make, expected = CASES[name]
    assert found(make(family), family.registry()) == expected


@pytest.mark.parametrize(
    "fields",
    [{"manifest": "sha256:" + "0" * 64}, {"commit": "d" * 40}],
    ids=["other bytes", "another commit"],
)
def test_a_root_ends_a_path_only_with_its_very_bytes(
    fields: dict[str, str], family: Family
) -> None:
    assert found(attested(family), family.registry(**fields)) == {("unattested-step", BASE)}


def test_a_root_without_a_manifest_ends_nothing(family: Family) -> None:
    given = attested(family)
    family.roots = False
    assert found(given, family.registry()) == {("unattested-step", BASE)}


def test_withholding_any_statement_never_completes_a_lineage(family: Family) -> None:
    given = attested(family)
    registry = family.registry()
    for position in range(len(given.ancestors)):
        kept = given.ancestors[:position] + given.ancestors[position + 1 :]
        gone = replace(given, ancestors=kept)
        assert found(replace(gone, bundles=()), registry) >= UNATTESTED
    stripped = tuple(
        replace(a, evidence=replace(a.evidence, bundles=())) for a in given.ancestors if a.evidence
    )
    assert found(replace(given, ancestors=stripped), registry) == {("unattested-step", SFT)}


def test_tiers_are_as_good_as_the_word_behind_them(family: Family) -> None:
    given = attested(family)
    assert tiers(graph(given, family.registry())) == {
        (BOT, SFT): "attested",
        (SFT, BASE): "anchored",
    }
    for repo in (SFT, BOT):
        forge.sign(family.folder(repo), RELEASE)
    given = family.case(BOT, SFT, BASE)
    assert tiers(graph(given, family.registry()))[BOT, SFT] == "anchored"
    bare = replace(given, bundles=())
    assert tiers(graph(bare, family.registry()))[BOT, SFT] == "consistent"


def test_a_statement_read_back_is_the_one_that_was_written(family: Family) -> None:
    (step,) = unverified_steps(opened(attested(family).bundles))
    assert step.parents == (family.parent(SFT),)


def timed(evidence: Evidence, registry: Registry, moments: Moments) -> TrainingStep:
    """The one statement of a model, with these times."""
    (document,) = evidence.bundles
    found = step_of(Opened(document=document), verify(document, registry, evidence.at))
    assert isinstance(found, TrainingStep)
    assert found.attestation
    return replace(found, attestation=replace(found.attestation, moments=moments))


def day(number: int) -> datetime:
    return forge.NOW.replace(day=number)


def said(number: int) -> Moments:
    return Moments(said=day(number))


def valid(first: int, last: int) -> Moments:
    return Moments(validity=Window(earliest=day(first), latest=day(last)))


def stamped(*numbers: int) -> Moments:
    return Moments(not_later_than=tuple(map(day, numbers)))


WRONG = {"out-of-order"}


@pytest.mark.parametrize(
    ("parent", "child", "slugs"),
    [
        (said(10), said(11), set()),
        (said(11), said(11), set()),
        (said(12), said(11), WRONG),
        (valid(10, 11), valid(12, 13), set()),
        (valid(10, 13), valid(12, 14), set()),
        (valid(12, 13), valid(10, 11), WRONG),
        # Who attested later than what builds on it says when it ended, and that counts.
        (replace(valid(12, 13), said=day(2)), replace(valid(10, 11), said=day(3)), set()),
        (valid(12, 13), said(11), set()),
        (stamped(12), stamped(11), set()),
        (replace(said(12), not_later_than=(day(13),)), said(11), WRONG),
        (said(12), replace(said(11), not_later_than=(day(11), day(20))), WRONG),
    ],
)
def test_no_step_ends_before_the_one_it_builds_on(
    parent: Moments, child: Moments, slugs: set[str], family: Family
) -> None:
    given, registry = attested(family), family.registry()
    steps = [
        timed(family.evidence(repo), registry, moments)
        for repo, moments in ((SFT, parent), (BOT, child))
    ]
    files = ModelFiles(evidence=given)
    drawn = build(Claimed.of(files), files, registry, steps)
    assert {problem.slug for problem in drawn.problems} == slugs


HARMLESS = (
    "predicate.runDetails.builder.id",
    "predicate.runDetails.metadata",
    "predicate.buildDefinition.internalParameters",
    "predicate.buildDefinition.externalParameters.model",
    "predicate.buildDefinition.externalParameters.parameters",
    "predicate.buildDefinition.resolvedDependencies.0.annotations",
)
"""What may be said otherwise, or not at all, and leaves the same edge by the same word."""

VALUES: tuple[object, ...] = (None, "", "x", 0, -1, [], {}, ["x"], {"x": 1}, True)


def nodes(value: object, path: str = "") -> Iterator[str]:
    """The dotted path of every node in a JSON document."""
    pairs = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else pairs
    for key, inner in items:
        where = f"{path}.{key}" if path else str(key)
        yield where
        yield from nodes(inner, where)


def no_node_can_be_anything_else(family: Family, sample: int | None) -> None:
    family.attested()
    registry = family.registry()
    bundle = (family.folder(BOT) / "claims.jsonl").read_text()
    envelope = json.loads(bundle)["dsseEnvelope"]
    document = json.loads(base64.b64decode(envelope["payload"]))
    given = family.case(BOT, SFT, BASE)
    files = loader_reads(given)
    matters = {f"subject.{n}" for n, s in enumerate(document["subject"]) if s["name"] in files}
    every = list(product(nodes(document), VALUES))
    chosen = random.Random(hostile.SEED).sample(every, sample) if sample else every
    for path, value in chosen:
        bent = forge.bundle_of(document, replace(TRAINER, statement={path: value}))
        line = Document(path="claims.jsonl:1", data=json.dumps(bent).encode())
        problems = found(replace(given, bundles=(line,)), registry)
        other = path.startswith("subject.") and ".".join(path.split(".")[:2]) not in matters
        assert problems or other or path.startswith(HARMLESS), (path, value)


def test_no_node_of_a_statement_can_be_anything_else(family: Family) -> None:
    no_node_can_be_anything_else(family, 80)


@pytest.mark.exhaustive
def test_no_node_at_all_of_a_statement_can_be_anything_else(family: Family) -> None:
    no_node_can_be_anything_else(family, None)
