"""The check of ancestry, over claims, resolved ancestors and what the caller says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provenance.lineage import Wanted, unresolved_parents
from provenance.model import Evidence, Observation, Reach
from provenance.verdict import Outcome
from tests.checks.ancestors import COMMIT, ID, ancestor, based, found, gone, made, model, tensors
from tests.claims.models import evidence
from tests.hubs import card

PASS = {("pass", "")}
CASES: dict[str, tuple[Evidence, tuple[str, ...], set[tuple[str, str]]]] = {
    "a known parent": (model("base_model: base/b"), (), PASS),
    "a known parent, resolved": (
        model("base_model: base/b", known=[ancestor("base/b")]),
        (),
        PASS,
    ),
    "an unknown parent": (
        model("base_model: old/b"),
        (),
        {("unknown-ancestor", "old/b")},
    ),
    "a known parent of an unknown one": (
        model("base_model: base/b", known=[ancestor("base/b", "old/a"), ancestor("old/a")]),
        (),
        {("unknown-ancestor", "old/a")},
    ),
    "a renamed parent": (
        model("base_model: gpt2", "base/gpt2", known=[ancestor("base/gpt2", claimed="gpt2")]),
        (),
        PASS,
    ),
    "a bare name that nobody asked about": (
        model("base_model: nobody-asked"),
        (),
        {("unresolved", "nobody-asked")},
    ),
    "a path": (
        model(adapter="/root/models/base/b"),
        (),
        {("unresolvable", "adapter_config.json")},
    ),
    "a path that the caller explains": (model(adapter="/root/b"), (f"base/b@{COMMIT}",), PASS),
    "a link to a folder": (
        model("base_model: https://huggingface.co/out"),
        (),
        {("unresolvable", "README.md")},
    ),
    "a link to a folder that the caller explains": (
        model("base_model: https://huggingface.co/out"),
        (f"base/b@{COMMIT}",),
        PASS,
    ),
    "a URL that the caller cannot explain": (
        model("base_model: https://evil.example/x"),
        ("base/b",),
        {("unresolvable", "README.md")},
    ),
    "a parent that is gone": (
        model("base_model: base/b", known=[gone("base/b")]),
        (),
        {("unresolvable", "base/b")},
    ),
    "what the caller says is unknown": (
        model(),
        ("old/b",),
        {("unknown-ancestor", "old/b")},
    ),
    "two places that differ": (
        model("base_model: base/b", "base/other"),
        (),
        {("conflict", "README.md")},
    ),
    "two places of which one leads to the other": (
        model(
            "base_model: base/b",
            "acme/b-4bit",
            known=[ancestor("acme/b-4bit", "base/b"), ancestor("base/b")],
        ),
        (),
        PASS,
    ),
    "a merge of which an adapter names one": (
        model("base_model: [base/a, base/b]", "base/b"),
        (),
        PASS,
    ),
    "the Hub's copy differs": (
        model("base_model: base/b", hub=("base/other",)),
        (),
        {("conflict", "README.md")},
    ),
    "the caller differs": (
        model("base_model: base/b"),
        ("base/other",),
        {("conflict", "README.md")},
    ),
    "itself": (model("base_model: acme/m"), (), {("self", "README.md")}),
    "a circle": (
        model(
            "base_model: base/a", known=[ancestor("base/a", "base/b"), ancestor("base/b", "base/a")]
        ),
        (),
        {("cycle", "base/a"), ("cycle", "base/b")},
    ),
    "a circle through the model": (
        model("base_model: base/a", known=[ancestor("base/a", "acme/m")]),
        (),
        {("cycle", "base/a")},
    ),
    "made again under its name": (
        model("base_model: rooted/x", known=[ancestor("rooted/x", repo_id="2" * 24)]),
        (),
        {("replaced", "rooted/x")},
    ),
    "the very root": (
        model("base_model: rooted/x", known=[ancestor("rooted/x", repo_id=ID)]),
        (),
        PASS,
    ),
    "a commit of a pull request": (
        model("base_model: base/b", known=[ancestor("base/b", reach=Reach.PULL_REQUEST)]),
        (),
        {("pull-request-only", "base/b")},
    ),
    "no origin": (model(), (), {("no-origin", "acme/m")}),
    "no origin, of who originates": (model(repo="base/m"), (), PASS),
    "no origin, of a root": (model(repo="rooted/x"), (), PASS),
    "no name, a known parent": (model("base_model: base/b", repo=None), (), PASS),
    "an unreadable card": (
        model("base_model: ["),
        (),
        {("unreadable", "README.md"), ("no-origin", "acme/m")},
    ),
}
UNKNOWN = {"unresolved", "no-origin", "unreadable", "limit"}


LOGGED = b'{"log_history": [{"reward_std": 0.1}]}'
RECIPE = b"models: [{model: base/b}, {model: base/c}]"
ADAPTER = b'{"base_model_name_or_path": "base/b"}'
LORA = "base_model: base/b\nadapter: lora\ndatasets: [{path: acme/d}]\n"
FRONT_BELOW = "---\nbase_model: base/b\nbase_model_relation: adapter\n---\n"


def quoting(recipe: str, **files: bytes) -> Evidence:
    """A model of base/b whose card shows this recipe, or a block of settings as it stands."""
    quoted = recipe if recipe.startswith("---") else f"```yaml\n{recipe}```\n"
    given = based("", config__json=b"{}", **files)
    text = card("base_model: base/b") + b"# A model\n" + quoted.encode()
    return replace(made(README__md=text, config__json=b"{}", **files), ancestors=given.ancestors)


DISCORD: dict[str, tuple[Evidence, set[tuple[str, str]]]] = {
    "a recipe of two, of which the card names one": (
        made(README__md=card("base_model: base/b"), mergekit_config__yml=RECIPE),
        {("under-declared", "mergekit_config.yml")},
    ),
    "a recipe whose models the card names": (
        made(README__md=card("base_model: [base/b, base/c]"), mergekit_config__yml=RECIPE),
        PASS,
    ),
    "SFT by the card, GRPO by the trainer": (
        made(README__md=card("base_model: base/b\ntags: [sft]"), trainer_state__json=LOGGED),
        {("method", "trainer_state.json")},
    ),
    "SFT by the card, GRPO in a checkpoint": (
        made(
            README__md=card("base_model: base/b\ntags: [sft]"),
            **{"checkpoint-1/trainer_state__json": LOGGED},
        ),
        PASS,
    ),
    "KTO by the card, what KTO and DPO log": (
        made(
            README__md=card("base_model: base/b\ntags: [kto]"),
            trainer_state__json=b'{"log_history": [{"rewards/chosen": 1}]}',
        ),
        PASS,
    ),
    "GRPO by both": (
        made(README__md=card("base_model: base/b\ntags: [grpo]"), trainer_state__json=LOGGED),
        PASS,
    ),
    "prose that names another than the front matter": (
        made(README__md=card("base_model: base/b") + b"a fine-tuned version of base/c\n"),
        {("conflict", "README.md")},
    ),
    "loaded from a folder": (
        made(README__md=card("base_model: base/b"), config__json=b'{"_name_or_path": "/data/x"}'),
        {("loaded-from-path", "config.json")},
    ),
    "loaded from itself": (
        made(README__md=card("base_model: base/b"), config__json=b'{"_name_or_path": "acme/m"}'),
        PASS,
    ),
    "a fine-tune of the same shapes": (
        based("finetune", model__safetensors=tensors(4, 2)),
        PASS,
    ),
    "a fine-tune of other shapes": (
        based("finetune", model__safetensors=tensors(4, 3)),
        {("contradicted", "base/b")},
    ),
    "a fine-tune of another size by its configuration": (
        based("finetune", config__json=b'{"hidden_size": 3}'),
        {("contradicted", "base/b")},
    ),
    "a quantisation of the same tensors": (
        based("quantized", config__json=b"{}", model__safetensors=tensors(4, 2, dtype="I8")),
        PASS,
    ),
    "a quantisation that is none": (
        based("quantized", config__json=b"{}", model__safetensors=tensors(4, 2)),
        {("relation", "README.md")},
    ),
    "an adapter that the card calls a fine-tune": (
        based("finetune", adapter_config__json=ADAPTER, adapter_model__safetensors=tensors(4, 2)),
        {("relation", "README.md")},
    ),
    "a whole model whose card quotes the recipe of its adapter": (
        quoting(LORA, model__safetensors=tensors(4, 2)),
        PASS,
    ),
    "a whole model beside the recipe of its adapter": (
        quoting("", model__safetensors=tensors(4, 2), axolotl__yaml=LORA.encode()),
        PASS,
    ),
    "a whole model whose card quotes the front matter of its adapter": (
        quoting(FRONT_BELOW, model__safetensors=tensors(4, 2)),
        PASS,
    ),
    "other shapes, by the recipe of an adapter": (
        quoting(LORA, model__safetensors=tensors(4, 3)),
        {("contradicted", "base/b")},
    ),
    "an adapter, by the recipe of all weights": (
        quoting(
            LORA.replace("lora", ""),
            adapter_config__json=ADAPTER,
            adapter_model__safetensors=tensors(4, 2),
        ),
        PASS,
    ),
    "a whole model that the card calls an adapter": (
        based("adapter", config__json=b"{}", model__safetensors=tensors(4, 2)),
        {("relation", "README.md")},
    ),
}


@pytest.mark.parametrize("name", DISCORD)
def test_what_cannot_be_true_together(name: str) -> None:
    given, expected = DISCORD[name]
    assert {(f.rule.removeprefix("ancestry/"), f.where) for f in found(given)} == expected


@pytest.mark.parametrize("name", CASES)
def test_ancestry(name: str) -> None:
    given, said, expected = CASES[name]
    findings = found(given, *said)
    assert {(f.rule.removeprefix("ancestry/"), f.where) for f in findings} == expected
    for finding in findings:
        slug = finding.rule.removeprefix("ancestry/")
        outcome = Outcome.UNKNOWN if slug in UNKNOWN else Outcome.FAIL
        assert finding.outcome is (Outcome.PASS if slug == "pass" else outcome)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/root/.cache/modelscope/hub/models/base/b-1___5", "base/b-1.5"),
        ("/root/models/base/b", "org/name"),
        ("None", "org/name"),
    ],
)
def test_the_message_has_the_line_to_add(path: str, meant: str) -> None:
    (finding,) = found(model(adapter=path))
    assert f'parents = ["{meant}@<commit>"]' in finding.message


def test_who_pruned_honestly_is_told_the_way_out() -> None:
    (finding,) = found(based("finetune", model__safetensors=tensors(4, 3)))
    assert finding.rule == "ancestry/contradicted"
    assert finding.message.endswith(
        "if its width was pruned or its attention heads were merged, waive this after a look"
    )


HERE = replace(ancestor("base/b"), evidence=made(config__json=b"{}"))
COMPARED: dict[str, tuple[Evidence, str]] = {
    "none was asked for": (
        model("base_model: base/b"),
        "are known, by name: base/b of Base; none of their files is here to compare",
    ),
    "the lockfile knows one": (
        model("base_model: base/b", known=[ancestor("base/b")]),
        "are known, by name: base/b of Base; none of their files is here to compare",
    ),
    "one is here": (
        model("base_model: base/b", known=[HERE]),
        "are known: base/b of Base",
    ),
    "one of two is here": (
        model("base_model: [base/b, base/c]", known=[HERE]),
        "are known: base/b of Base, base/c of Base; no file is here to compare of base/c",
    ),
}


@pytest.mark.parametrize("name", COMPARED)
def test_a_pass_says_with_whose_files_nothing_was_compared(name: str) -> None:
    given, said = COMPARED[name]
    (finding,) = found(given)
    assert finding.rule == "ancestry/pass"
    assert finding.message == f"the stated ancestors {said}"


def test_what_the_caller_says_is_always_printed() -> None:
    (finding,) = found(model(adapter="/root/b"), f"base/b@{COMMIT}")
    assert "you say base/b" in finding.message


def test_more_ancestors_than_are_looked_at_are_unknown() -> None:
    given = model("base_model: base/b")
    over = Observation(code="ancestors-limit", path="", detail="more than 2 ancestors")
    assert [f.rule for f in found(replace(given, observations=(over,)))] == ["ancestry/limit"]


def test_the_frontier_moves_up_until_all_are_known() -> None:
    given = model("base_model: [base/a, acme/m]", "base/b")
    assert unresolved_parents(given, ["base/c@v1"], 9) == (
        Wanted(repo="base/c", revision="v1", direct=True),
        Wanted(repo="base/a", direct=True),
        Wanted(repo="base/b", direct=True),
    )
    known = [ancestor("base/a", "base/d"), ancestor("base/b")]
    given = replace(given, ancestors=tuple(known))
    assert unresolved_parents(given, [], 9) == (Wanted(repo="base/d"),)
    assert unresolved_parents(given, [], 2) == ()


def test_a_long_chain_takes_no_long_time() -> None:
    chain = [ancestor(f"base/n{n}", f"base/n{n + 1}") for n in range(1_000)]
    given = model("base_model: base/n0", known=[*chain, ancestor("base/n1000")])
    assert [finding.rule for finding in found(given)] == ["ancestry/pass"]


def test_a_line_that_states_two_methods_is_named_once() -> None:
    log = b'{"log_history": [{"reward_std": 1}]}'
    given = made(README__md=card("base_model: base/b\ntags: [sft, dpo]"), trainer_state__json=log)
    (finding,) = found(given)
    assert finding.message.startswith("README.md:3 says DPO or SFT; trainer_state.json")


LOGS = {
    "reward_std": "GRPO or 10 methods like it",
    "rewards/chosen": "DPO or 10 methods like it",
    "objective/rlhf_reward": "online DPO, PPO or RLOO",
    "log_odds_ratio": "ORPO",
}


@pytest.mark.parametrize("key", LOGS)
def test_a_log_that_can_mean_many_methods_names_the_best_known(key: str) -> None:
    log = json.dumps({"log_history": [{key: 1}]}).encode()
    given = made(README__md=card("base_model: base/b\ntags: [sft]"), trainer_state__json=log)
    (finding,) = found(given)
    written = f"trainer_state.json was written by a trainer for {LOGS[key]}"
    assert finding.message == f"README.md:3 says SFT; {written}"


def test_a_path_of_windows_is_quoted_as_it_stands() -> None:
    (finding,) = found(model(adapter=r"D:\models\base"))
    assert r"is 'D:\models\base', a local path" in finding.message


TRAINERS = {
    "trl.trainer.grpo_config.GRPOConfig": (Outcome.FAIL, "was written by a trainer for GRPO"),
    "trl.experimental.zpo.zpo_config.ZPOConfig": (Outcome.UNKNOWN, "is not known: ask"),
}


@pytest.mark.parametrize("name", TRAINERS)
def test_a_trainer_that_the_card_does_not_name_is_said(name: str) -> None:
    seen = Observation(code="pickle-import", path="training_args.bin", detail=name)
    given = made(
        README__md=card("base_model: base/b\ntags: [sft]"), training_args__bin=b"\x80\x02."
    )
    outcome, words = TRAINERS[name]
    said = [f for f in found(replace(given, observations=(seen,))) if f.rule == "ancestry/method"]
    assert [(f.outcome, words in f.message) for f in said] == [(outcome, True)]


@pytest.mark.parametrize(("repo", "hinted"), [("acme/m", True), ("other/hint-7b", False)])
def test_a_hint_is_at_another_model(repo: str, hinted: bool) -> None:
    words = "# m\n\nSo sagt es other/hint-7b.\n"
    given = evidence({"README.md": words.encode()})
    (finding,) = found(replace(given, ref=replace(given.ref, repo=repo)))
    assert finding.rule == "ancestry/no-origin"
    assert ("other/hint-7b" in finding.message) is hinted
