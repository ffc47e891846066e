"""`[policy.training]`: each demand, what meets it, and what does not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.case.case import Case
from provenance.checks import lineage as check
from provenance.checks.training import RULES
from provenance.model import Evidence
from provenance.policy import Policy, Settings, TrainingDemands
from provenance.verdict import Level, Outcome
from provenance.wire.training import MANIFEST, Material, Parent
from tests import forge
from tests.lineage.family import BASE, BOT, POLICY, SFT, TRAINER, Family

COMMIT = (("gitCommit", "c" * 40),)
SHA256 = (("sha256", "d" * 64),)
DATA = Material(kind="dataset", uri="https://example.org/data", digest=COMMIT)
CODE = Material(
    kind="code", uri="git+https://example.org/train", digest=COMMIT, notes=(("dirty", False),)
)
FULL: Mapping[str, Any] = {
    "materials": (DATA, CODE),
    "parameters": '{"learning_rate": 1e-05}',
    "environment": '{"python": "3.12"}',
}
EVERY = frozenset(TrainingDemands.__slots__)
OUTSIDE = frozenset({"verified_parents", "timestamp"})
"""The demands upon something else than what a statement says beside its parents."""


def with_data(*data: Material) -> dict[str, Any]:
    return {**FULL, "materials": (CODE, *data)}


def with_code(*code: Material) -> dict[str, Any]:
    return {**FULL, "materials": (DATA, *code)}


def family_of(top: Path, method: str, *said: Mapping[str, Any], **parent: Any) -> Family:
    """The family, with these statements of how the bot was made."""
    family = Family(top=top)
    family.write(BASE)
    family.write(BOT, BASE)
    parents = (family.parent(BASE, **parent),)
    for fields in said:
        given: tuple[Parent, ...] = fields.get("parents", parents)
        rest = {name: value for name, value in fields.items() if name != "parents"}
        forge.attest(family.folder(BOT), TRAINER, method, *given, model=BOT, **rest)
    return family


def unmet(family: Family, evidence: Evidence, *demands: str) -> set[tuple[str, str]]:
    """The rules that count and did not pass, and the model that each is about."""
    training = TrainingDemands(**dict.fromkeys(demands, True))
    asked = Policy.of(Settings(training=training), profile="attested")
    findings = list(check.check(Case.heard(evidence, asked, family.registry())))
    counting = [f for f in findings if asked.level(f.rule) is Level.REQUIRE]
    failing = {(f.rule, f.where) for f in counting if f.outcome is not Outcome.PASS}
    assert bool(failing) != any(f.rule == "lineage/pass" for f in findings)
    return failing


NO_PARAMETERS = "lineage/no-parameters"
NO_DATA, NO_CODE = "lineage/data-not-pinned", "lineage/code-not-clean"
# The method, what the statement says, and what is missing of all but a time.
CASES: Mapping[str, tuple[str, Mapping[str, Any], set[str]]] = {
    "everything": ("sft", FULL, set()),
    "nothing": (
        "sft",
        {},
        {NO_DATA, NO_CODE, "lineage/no-parameters", "lineage/no-environment"},
    ),
    "data by digest": ("sft", with_data(replace(DATA, digest=SHA256)), set()),
    "no data": ("sft", with_data(), {NO_DATA}),
    "no data for a merge": ("merge", with_data(), set()),
    "no data for a quantisation": ("quantize", with_data(), set()),
    "no data for a conversion": ("convert", with_data(), set()),
    "data of a quantisation that nothing pins": (
        "quantize",
        with_data(replace(DATA, digest=())),
        {NO_DATA},
    ),
    "one of two data sets that nothing pins": (
        "dpo",
        with_data(DATA, replace(DATA, uri="https://example.org/b", digest=())),
        {NO_DATA},
    ),
    "data by an empty digest": (
        "sft",
        with_data(replace(DATA, digest=(("sha256", ""),))),
        {NO_DATA},
    ),
    "data by a short digest": (
        "sft",
        with_data(replace(DATA, digest=(("sha256", "d" * 8),))),
        {NO_DATA},
    ),
    "data by a fingerprint": (
        "sft",
        with_data(replace(DATA, digest=(), notes=(("fingerprint", "f" * 64),))),
        {NO_DATA},
    ),
    "data by another name": ("sft", with_data(replace(DATA, kind="data")), {NO_DATA}),
    "no code": ("sft", with_code(), {NO_CODE}),
    "no code for a merge": ("merge", with_code(), {NO_CODE}),
    "code that is not clean": (
        "sft",
        with_code(replace(CODE, notes=(("dirty", True),))),
        {NO_CODE},
    ),
    "code that may not be clean": ("sft", with_code(replace(CODE, notes=())), {NO_CODE}),
    "code whose word is none": (
        "sft",
        with_code(replace(CODE, notes=(("dirty", 0),))),
        {NO_CODE},
    ),
    "code without a commit": ("sft", with_code(replace(CODE, digest=SHA256)), {NO_CODE}),
    "a script by digest, and no commit": (
        "sft",
        with_code(Material(kind="code", digest=SHA256, notes=(("path", "train.py"),))),
        {NO_CODE},
    ),
    "a script by digest beside a commit": (
        "sft",
        with_code(CODE, Material(kind="code", digest=SHA256, notes=(("path", "train.py"),))),
        set(),
    ),
    "a script that nothing pins beside a commit": (
        "sft",
        with_code(CODE, Material(kind="code", notes=(("path", "train.py"),))),
        {NO_CODE},
    ),
    "code at a branch": (
        "sft",
        with_code(replace(CODE, digest=(("gitCommit", "main"),))),
        {NO_CODE},
    ),
    "one of two codes that is not clean": (
        "sft",
        with_code(CODE, replace(CODE, notes=(("dirty", True),))),
        {NO_CODE},
    ),
    "no parameters": ("sft", {**FULL, "parameters": ""}, {"lineage/no-parameters"}),
    "empty parameters": ("sft", {**FULL, "parameters": "{}"}, {"lineage/no-parameters"}),
    "data by an algorithm that nobody knows": (
        "sft",
        with_data(replace(DATA, digest=(("foo", "d" * 40),))),
        {NO_DATA},
    ),
    "data by a digest that its algorithm has not": (
        "sft",
        with_data(replace(DATA, digest=(("sha256", "d" * 40),))),
        {NO_DATA},
    ),
    "data by a digest of zeros": (
        "sft",
        with_data(replace(DATA, digest=(("gitCommit", "0" * 40),))),
        {NO_DATA},
    ),
    "data by a manifest": (
        "sft",
        with_data(replace(DATA, digest=((MANIFEST, "d" * 64),))),
        set(),
    ),
    "another data set that is spelled otherwise": (
        "sft",
        with_data(DATA, replace(DATA, kind="Dataset", digest=())),
        {NO_DATA},
    ),
    "parameters without a name": ("sft", {**FULL, "parameters": '{"": 1}'}, {NO_PARAMETERS}),
    "parameters without a value": (
        "sft",
        {**FULL, "parameters": '{"a": null, "b": {"c": [""]}}'},
        {NO_PARAMETERS},
    ),
    "parameters that are zero": ("sft", {**FULL, "parameters": '{"seed": 0}'}, set()),
    "an environment without a value": (
        "sft",
        {**FULL, "environment": '{"": null}'},
        {"lineage/no-environment"},
    ),
    "no environment": ("sft", {**FULL, "environment": ""}, {"lineage/no-environment"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_demand_is_met_or_says_of_which_model_not(name: str, tmp_path: Path) -> None:
    method, said, rules = CASES[name]
    family = family_of(tmp_path, method, said)
    given = family.case(BOT, BASE)
    assert unmet(family, given, *EVERY - {"timestamp"}) == {(rule, BOT) for rule in rules}
    assert unmet(family, given) == set()
    for demand in EVERY - OUTSIDE:
        assert unmet(family, given, demand) == {(rule, BOT) for rule in rules & {RULES[demand]}}


def test_an_unverified_parent_meets_no_demand_for_verified_ones(tmp_path: Path) -> None:
    family = family_of(tmp_path, "sft", FULL, unverified=True)
    given = family.case(BOT, BASE)
    assert unmet(family, given, "verified_parents") == {("lineage/unverified-parent", BOT)}
    assert unmet(family, given, *EVERY - OUTSIDE) == set()


@pytest.mark.parametrize("training", [TrainingDemands(), TrainingDemands(parameters=True)])
@pytest.mark.parametrize("verified", [(False,), (True,), (False, True), (True, False)])
def test_an_unverified_parent_is_said_whatever_is_asked(
    tmp_path: Path, verified: Sequence[bool], training: TrainingDemands
) -> None:
    """Of several statements the one that says it was verified counts, wherever it stands."""
    family = family_of(tmp_path, "sft")
    for one in verified:
        parent = family.parent(BASE, unverified=not one)
        forge.attest(family.folder(BOT), TRAINER, "sft", parent, model=BOT, **FULL)
    case = Case.heard(family.case(BOT, BASE), replace(POLICY, training=training), family.registry())
    remarks = [f.message for f in check.check(case) if f.rule == "lineage/unverified-parent"]
    assert len(remarks) == (0 if any(verified) else 1)
    assert all("`verified_parents`" not in remark for remark in remarks)
    assert [edge.unverified for edge in case.graph.edges] == [not any(verified)]


LEVELS: Sequence[tuple[Mapping[str, Level], bool, Level]] = [
    ({}, False, Level.WARN),
    ({}, True, Level.REQUIRE),
    ({"lineage": Level.WARN}, True, Level.WARN),
    ({"lineage/unverified-parent": Level.OFF}, True, Level.OFF),
    ({"lineage/unverified-parent": Level.REQUIRE}, False, Level.REQUIRE),
]


@pytest.mark.parametrize(("said", "asked", "level"), LEVELS)
def test_an_unverified_parent_is_a_warning_unless_the_caller_asks_for_more(
    said: Mapping[str, Level], asked: bool, level: Level
) -> None:
    training = TrainingDemands(verified_parents=asked)
    settings = Settings(levels=tuple(said.items()), training=training)
    policy = Policy.of(settings, profile="attested")
    assert policy.level("lineage/unverified-parent") is level


@pytest.mark.parametrize("stamped", [None, forge.NOW])
def test_a_time_is_one_that_somebody_else_vouches_for(tmp_path: Path, stamped: Any) -> None:
    """The time in a statement is its trainer's own word, whatever else it says."""
    family = family_of(tmp_path, "sft", {**FULL, "finished": forge.NOW})
    asked = replace(POLICY, training=TrainingDemands(timestamp=True))
    case = Case.heard(family.case(BOT, BASE), asked, family.registry())
    made = tuple(replace(one, stamped=stamped) for one in case.graph.made)
    case = replace(case, graph=replace(case.graph, made=made))
    rules = {finding.rule for finding in check.check(case)}
    assert rules == {"lineage/pass" if stamped else "lineage/no-timestamp"}


ORDERS: Sequence[tuple[Sequence[Mapping[str, Any]], set[str]]] = [
    (({}, FULL), set()),
    ((FULL, {}), set()),
    ((with_data(), with_code()), {"either"}),
    ((with_code(), with_data()), {"either"}),
]


@pytest.mark.parametrize(("said", "rules"), ORDERS)
def test_of_several_statements_one_must_meet_all_wherever_it_stands(
    tmp_path: Path, said: Sequence[Mapping[str, Any]], rules: set[str]
) -> None:
    family = family_of(tmp_path, "sft", *said)
    found = unmet(family, family.case(BOT, BASE), "data_pinned", "code_clean")
    assert len(found) == len(rules)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("data_pinned",), set()),
        (("data_pinned", "verified_parents"), {"lineage/unverified-parent"}),
    ],
    ids=["not asked for", "asked for"],
)
def test_of_several_statements_what_is_only_a_warning_chooses_none(
    tmp_path: Path, asked: Sequence[str], expected: set[str]
) -> None:
    """The one has the data and an unverified parent, the other a verified parent and no data."""
    family = family_of(tmp_path, "sft", FULL, unverified=True)
    forge.attest(family.folder(BOT), TRAINER, "sft", family.parent(BASE), model=BOT, **with_data())
    found = unmet(family, family.case(BOT, BASE), *asked)
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("said", "parameters"),
    [
        (({}, FULL), [FULL["parameters"], ""]),
        ((FULL, {}), [FULL["parameters"], ""]),
        ((FULL, FULL), [FULL["parameters"]]),
    ],
)
def test_of_several_statements_each_is_told_once_and_first_what_says_most(
    tmp_path: Path, said: Sequence[Mapping[str, Any]], parameters: list[str]
) -> None:
    family = family_of(tmp_path, "sft", *said)
    case = Case.heard(family.case(BOT, BASE), POLICY, family.registry())
    assert [made.step.parameters for made in case.graph.made_of[BOT]] == parameters


def test_every_step_down_to_the_root_is_asked(tmp_path: Path) -> None:
    family = Family(top=tmp_path)
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, SFT)
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    forge.attest(family.folder(BOT), TRAINER, "sft", family.parent(SFT), model=BOT, **FULL)
    found = unmet(family, family.case(BOT, SFT, BASE), "data_pinned")
    assert found == {(NO_DATA, SFT)}
    assert unmet(family, family.case(BASE), *EVERY) == set()


def test_what_a_stranger_states_meets_nothing_and_is_shown_as_nothing(tmp_path: Path) -> None:
    family = family_of(tmp_path, "sft", {})
    nobody = forge.TufKey(key=forge.key("nobody"))
    parents = family.parent(BASE)
    forge.attest(family.folder(BOT), nobody, "sft", parents, model=BOT, **FULL)
    given = family.case(BOT, BASE)
    assert (NO_DATA, BOT) in unmet(family, given, "data_pinned")
    case = Case.heard(given, POLICY, family.registry())
    assert [made.step.materials for made in case.graph.made] == [()]


HOSTILE = "x\nto be copied:\n\x1b[31m" + "y" * 5_000


def test_a_finding_is_one_short_line_whatever_a_statement_holds(tmp_path: Path) -> None:
    loose = Material(kind="dataset", uri=HOSTILE)
    dirty = Material(kind="code", uri=HOSTILE, digest=COMMIT, notes=(("dirty", True),))
    family = family_of(tmp_path, "sft", {"materials": (loose,) * 9 + (dirty,) * 9})
    asked = replace(POLICY, training=TrainingDemands(data_pinned=True, code_clean=True))
    findings = list(check.check(Case.heard(family.case(BOT, BASE), asked, family.registry())))
    assert {finding.rule for finding in findings} == {NO_DATA, NO_CODE}
    for finding in findings:
        assert finding.message.isprintable()
        assert len(finding.message) < 1_000
        assert "and 6 more" in finding.message
        assert "provenance attest" in finding.message


def test_parameters_are_read_as_they_were_written(tmp_path: Path) -> None:
    family = family_of(tmp_path, "sft", FULL)
    case = Case.heard(family.case(BOT, BASE), POLICY, family.registry())
    (made,) = case.graph.made_of[BOT]
    assert json.loads(made.step.parameters) == json.loads(FULL["parameters"])
    assert (made.attested, made.bundle) == ("Acme (trainer)", "claims.jsonl:1")
