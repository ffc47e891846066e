"""What can be seen to be a lie in an attested step, and what honest tools write beside one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.model import Ancestor
from provenance.wire.training import Parent
from tests import forge
from tests.hubs import card
from tests.lineage.family import BASE, BOT, COMMIT, SFT, TRAINER, Family, found, graph, tiers

LIE = {("contradicted", BOT)}
TRUE: set[tuple[str, str]] = set()
STRANGE, OTHER = "other/x", "nobody/y"


def recipe(*models: str, **more: object) -> dict[str, object]:
    """A recipe of mergekit over layers of these models."""
    sources = [{"model": model, "layer_range": [0, 1]} for model in models]
    return {"merge_method": "slerp", "slices": [{"sources": sources}], **more}


def run(model: str, **more: object) -> dict[str, object]:
    return {"model_name_or_path": model, "learning_rate": 1e-6, **more}


NAMELESS = "by digest"
"""A parent that is known by its digest alone."""

Said = tuple[str, tuple[str, ...], object]
PARAMETERS: dict[str, tuple[Said, set[tuple[str, str]]]] = {
    "a merge of both": (("merge", (SFT, BASE), recipe(SFT, BASE)), TRUE),
    "the base in a merge of itself": (("merge", (SFT,), recipe(SFT, base_model=SFT)), TRUE),
    "slices name one more": (("merge", (SFT,), recipe(SFT, STRANGE)), LIE),
    "slices name one more of nobody known": (("merge", (SFT,), recipe(SFT, OTHER)), LIE),
    "slices nested below": (("merge", (SFT,), {"config": recipe(SFT, STRANGE)}), LIE),
    "experts": (
        ("merge", (SFT,), {"experts": [{"source_model": SFT}, {"source_model": STRANGE}]}),
        LIE,
    ),
    "an adapter merged in": (("merge", (SFT,), recipe(f"{SFT}+{STRANGE}")), LIE),
    "a tokenizer of a base": (
        ("merge", (SFT,), recipe(SFT, base_model=SFT, tokenizer_source="base")),
        TRUE,
    ),
    "a union of tokenizers": (("merge", (SFT,), recipe(SFT, tokenizer_source="union")), TRUE),
    "folders on some machine": (("merge", (SFT,), recipe("/data/a", "./out/b")), TRUE),
    "checkpoints of the run": (
        ("merge", (SFT,), recipe("run/checkpoint-5", "run/checkpoint-9")),
        TRUE,
    ),
    "a run of the parent": (("grpo", (SFT,), run(SFT)), TRUE),
    "a run of another": (("grpo", (SFT,), run(STRANGE)), LIE),
    "a run of a folder that looks like a name": (("grpo", (NAMELESS,), run("run-3/last")), TRUE),
    "a run of a name, and the digest is told": (("grpo", (NAMELESS,), run(SFT)), TRUE),
    "two names for one digest": (
        ("merge", (NAMELESS,), recipe(SFT, STRANGE)),
        LIE,
    ),
    "the base of the parent's": (("grpo", (SFT,), run(BASE)), TRUE),
    "teachers and judges": (
        (
            "distill",
            (SFT,),
            run(SFT, teacher_model_name_or_path=STRANGE, judge={"model_name_or_path": STRANGE}),
        ),
        TRUE,
    ),
    "a reward model": (
        ("grpo", (SFT,), run(SFT, reward_model_path=STRANGE, ref_model={"base_model": STRANGE})),
        TRUE,
    ),
    "data": (("sft", (SFT,), {"base_model": SFT, "datasets": [{"path": STRANGE}]}), TRUE),
    "a command line of the parent": (
        ("sft", (SFT,), {"argv": ["trl", "sft", "--model_name_or_path", SFT]}),
        TRUE,
    ),
    "a command line of another": (
        ("sft", (SFT,), {"argv": ["trl", "sft", f"--model_name_or_path={STRANGE}"]}),
        LIE,
    ),
    "a short flag of another": (
        ("sft", (SFT,), {"command": ["python", "train.py", "--model", STRANGE]}),
        LIE,
    ),
    "a short flag": (("sft", (SFT,), {"command": ["x", f"--model={SFT}"]}), TRUE),
    "the commit of the run": (("sft", (SFT,), run(SFT, model_revision=COMMIT)), TRUE),
    "a branch of the run": (("sft", (SFT,), run(SFT, model_revision="main")), TRUE),
    "another commit of the run": (("sft", (SFT,), run(SFT, model_revision="d" * 40)), LIE),
    "the method of axolotl": (("dpo", (SFT,), {"base_model": SFT, "rl": "ipo"}), TRUE),
    "another method of axolotl": (("sft", (SFT,), {"base_model": SFT, "rl": "dpo"}), LIE),
    "another stage of LLaMA-Factory": (("sft", (SFT,), run(SFT, stage="ppo")), LIE),
    "the stage of ZeRO": (("sft", (SFT,), run(SFT, deepspeed={"stage": 3})), TRUE),
    "a fine-tune by any method": (("finetune", (SFT,), run(SFT, stage="dpo")), TRUE),
    "a fine-tune by a merge": (("finetune", (SFT,), recipe(SFT)), LIE),
    "a quantisation that trains": (("quantize", (SFT,), run(SFT, stage="dpo")), LIE),
    "a merge by the settings of the run before": (
        ("merge", (SFT,), {"base_model": BASE, "adapter": "lora", "stage": "sft"}),
        TRUE,
    ),
    "a merge by settings of no run": (("merge", (SFT,), {"base_model": BASE, "rl": "dpo"}), LIE),
    "another loss of the stage": (("orpo", (SFT,), run(SFT, stage="dpo")), TRUE),
    "another method by its own name": (("orpo", (SFT,), {"base_model": SFT, "rl": "dpo"}), LIE),
    "the parent at its commit": (("merge", (SFT,), recipe(f"{SFT}@{COMMIT}")), TRUE),
    "the parent at a branch": (("merge", (SFT,), recipe(f"{SFT}@main")), TRUE),
    "the parent at another commit": (("merge", (SFT,), recipe(f"{SFT}@{'d' * 40}")), LIE),
    "no parameters at all": (("grpo", (SFT,), None), TRUE),
    "no table": (("grpo", (SFT,), {"x": [[[]], None, 1.5, {"": {}}]}), TRUE),
}


def parent(family: Family, name: str) -> Parent:
    if name == NAMELESS:
        return family.parent(SFT, repo=None, commit=None)
    return family.parent(name)


def bot(family: Family, said: Said, **files: bytes) -> None:
    """The bot, whose card says nothing, by a step that has these parameters."""
    method, parents, parameters = said
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, **{"README__md": b"# bot\n", **files})
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    forge.attest(
        family.folder(BOT),
        TRAINER,
        method,
        *(parent(family, name) for name in parents),
        model=BOT,
        parameters=json.dumps(parameters) if parameters else "",
    )


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return Family(top=tmp_path)


def carried(family: Family) -> None:
    """The statement of the parent goes with the child, for what is known by its digest alone."""
    line = (family.folder(SFT) / "claims.jsonl").read_text()
    with (family.folder(BOT) / "claims.jsonl").open("a") as stream:
        stream.write(line)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_statement_is_held_against_its_own_parameters(name: str, family: Family) -> None:
    said, expected = PARAMETERS[name]
    bot(family, said)
    carried(family)
    given = family.case(BOT, SFT, BASE)
    assert found(given, family.registry()) == expected


@pytest.mark.parametrize(
    ("parent_name", "model", "said"),
    [(SFT, OTHER, True), (SFT, SFT, False), (SFT, BASE, False), (NAMELESS, OTHER, False)],
    ids=["another", "the parent", "an ancestor", "perhaps the parent"],
)
def test_what_may_be_a_model_or_a_folder_is_said(
    parent_name: str, model: str, said: bool, family: Family
) -> None:
    bot(family, ("sft", (parent_name,), run(model)))
    carried(family)
    drawn = graph(family.case(BOT, SFT, BASE), family.registry())
    assert not drawn.problems
    assert any(model in note for note in drawn.notes) is said


def test_both_names_are_said(family: Family) -> None:
    bot(family, ("merge", (SFT,), recipe(SFT, STRANGE)))
    (problem,) = graph(family.case(BOT, SFT, BASE), family.registry()).problems
    assert STRANGE in problem.message
    assert SFT in problem.message


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_lie_is_seen_wherever_it_stands(first: bool, family: Family) -> None:
    bot(family, ("grpo", (SFT,), run(STRANGE if first else SFT)))
    again = json.dumps(run(SFT if first else STRANGE))
    place = family.folder(BOT)
    forge.attest(place, TRAINER, "grpo", family.parent(SFT), model=BOT, parameters=again)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == LIE


def test_what_nobody_signed_who_may_is_no_lie(family: Family) -> None:
    bot(family, ("grpo", (SFT,), run(SFT)))
    nobody = forge.TufKey(key=forge.key("nobody"))
    lied = json.dumps(run(STRANGE))
    forge.attest(family.folder(BOT), nobody, "grpo", family.parent(SFT), parameters=lied)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == TRUE


RECIPES = {
    "the parents by their folders": ("merge", (SFT, BASE), ("./runs/sft", "/data/base"), TRUE),
    "a parent twice": ("merge", (SFT,), ("./sft", "/mnt/runs/sft/"), TRUE),
    "one by its name, one by its folder": ("merge", (SFT, BASE), (SFT, "./base"), TRUE),
    "a folder more than parents": ("merge", (SFT,), ("./sft", "./other"), LIE),
    "a folder beside the only parent": ("merge", (SFT,), (SFT, "./other"), LIE),
    "an ancestor of the parent": ("merge", (SFT,), (SFT, BASE), TRUE),
    "that of a merge before": ("grpo", (SFT,), ("./sft", "./other"), TRUE),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_merge_is_held_against_its_recipe(name: str, family: Family) -> None:
    method, parents, models, expected = RECIPES[name]
    text = json.dumps(recipe(*models)).encode()
    bot(family, (method, parents, None), mergekit_config__yml=text)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


TRAINERS = {
    "the trainer of the method": ("grpo", "trl.trainer.grpo_trainer.GRPOTrainer", TRUE),
    "a loss that is one of its own": ("dpo", "trl.CPOTrainer", TRUE),
    "another": ("sft", "trl.GRPOTrainer", LIE),
    "of no method": ("sft", "transformers.Trainer", TRUE),
    "that nobody knows": ("sft", "my.own.SpecialTrainer", TRUE),
    "whatever it was, a fine-tune": ("finetune", "trl.GRPOTrainer", TRUE),
    "a program": ("merge", "mergekit", TRUE),
    "a merge by a trainer": ("merge", "trl.SFTTrainer", LIE),
    "another, and a space": ("sft", "trl.GRPOTrainer ", LIE),
    "another, in small letters": ("sft", "trl.grpotrainer", LIE),
    "another, in words": ("sft", "GRPO trainer", LIE),
    "another, of something": ("sft", "trl.GRPOTrainer[Batch]", LIE),
    "another, by its module": ("sft", "trl.trainer.grpo_trainer:GRPOTrainer", LIE),
    "the trainer of the method, in small letters": ("grpo", "trl.grpotrainer", TRUE),
    "a module of another": ("sft", "my.grpo_trainer.SFTTrainer", TRUE),
}


@pytest.mark.parametrize("name", TRAINERS)
def test_the_trainer_is_one_for_the_method(name: str, family: Family) -> None:
    method, trainer, expected = TRAINERS[name]
    bot(family, ("sft", (SFT,), None))
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.attest(family.folder(BOT), TRAINER, method, family.parent(SFT), trainer=trainer)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


def arguments(kind: str) -> bytes:
    """A pickle that names the class of a trainer's arguments, as `training_args.bin` does."""
    return f"\x80\x02ctrl.trainer.{kind.lower()}_config\n{kind}Config\n.".encode("latin-1")


def of_trl(tag: str) -> bytes:
    return card(f"tags: [trl, {tag}]")


Files = Mapping[str, bytes]
LEFT: dict[str, tuple[str, Files, set[tuple[str, str]]]] = {
    "of the step": ("grpo", {"training_args.bin": arguments("GRPO")}, TRUE),
    "of another": ("grpo", {"training_args.bin": arguments("DPO")}, LIE),
    "behind the name of the step before": ("sft", {"training_args.bin": arguments("GRPO")}, LIE),
    "of the step before": ("grpo", {"training_args.bin": arguments("SFT")}, TRUE),
    "of the step before, in a merge": ("merge", {"training_args.bin": arguments("SFT")}, TRUE),
    "of no step, in a merge": ("merge", {"training_args.bin": arguments("GRPO")}, LIE),
    "of no step, quantised": ("quantize", {"training_args.bin": arguments("DPO")}, LIE),
    "of whatever a fine-tune is": ("finetune", {"training_args.bin": arguments("DPO")}, TRUE),
    "of a trainer that nobody knows": ("sft", {"training_args.bin": arguments("ZPO")}, TRUE),
    "a log of another": (
        "sft",
        {"trainer_state.json": b'{"log_history": [{"frac_reward_zero_std": 0}]}'},
        LIE,
    ),
    "in a folder": ("sft", {"old/training_args.bin": arguments("GRPO")}, TRUE),
    "a card of the step": ("grpo", {"README.md": of_trl("grpo")}, TRUE),
    "a card of another": ("sft", {"README.md": of_trl("grpo")}, LIE),
    "a card of the step before": ("grpo", {"README.md": of_trl("sft")}, TRUE),
    "a card of the parent, quantised": ("quantize", {"README.md": of_trl("grpo")}, TRUE),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_a_trainer_left_tells_of_this_step_or_of_one_before(name: str, family: Family) -> None:
    method, files, expected = LEFT[name]
    bot(family, (method, (SFT,), None))
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.write(family.folder(BOT), files)
    forge.attest(family.folder(BOT), TRAINER, method, family.parent(SFT), model=BOT)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


def test_a_leftover_that_is_the_parents_own_file_tells_of_the_parent(family: Family) -> None:
    for repo in (BASE, SFT):
        family.write(repo)
        forge.write(family.folder(repo), {"training_args.bin": arguments("GRPO")})
    forge.attest(family.folder(SFT), TRAINER, "quantize", family.parent(BASE), model=SFT)
    assert found(family.case(SFT, BASE), family.registry()) == set()


@pytest.mark.parametrize("before", ["finetune", "lora"])
@pytest.mark.parametrize(
    ("theirs", "expected"),
    [(True, TRUE), (False, LIE)],
    ids=["the parent's own", "the step's own"],
)
def test_a_step_that_leaves_open_how_explains_what_is_its_own_alone(
    theirs: bool, expected: set[tuple[str, str]], before: str, family: Family
) -> None:
    left = {"training_args.bin": arguments("GRPO")}
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT, README__md=b"# bot\n")
    forge.write(family.folder(BOT), left)
    forge.write(family.folder(SFT), left if theirs else {})
    forge.attest(family.folder(SFT), TRAINER, before, family.parent(BASE), model=SFT)
    forge.attest(family.folder(BOT), TRAINER, "sft", family.parent(SFT), model=BOT)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


def adapter(**settings: object) -> bytes:
    return json.dumps({"peft_type": "LORA", **settings}).encode()


ADAPTERS: dict[str, tuple[dict[str, object], object, set[str]]] = {
    "of the parent": ({"base_model_name_or_path": SFT}, None, set()),
    "of another": ({"base_model_name_or_path": STRANGE}, None, {"contradicted"}),
    "of a folder": ({"base_model_name_or_path": "/data/sft"}, None, set()),
    "of nothing": ({"base_model_name_or_path": None}, None, set()),
    "of the stated rank": (
        {"base_model_name_or_path": SFT, "r": 8},
        {"peft": {"r": 8}},
        set(),
    ),
    "of another rank": (
        {"base_model_name_or_path": SFT, "r": 8},
        {"lora_r": 64},
        {"contradicted"},
    ),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_is_one_of_the_parent(name: str, family: Family) -> None:
    settings, parameters, expected = ADAPTERS[name]
    bot(family, ("lora", (SFT,), parameters), adapter_config__json=adapter(**settings))
    rules = {rule for rule, _ in found(family.case(BOT, SFT, BASE), family.registry())}
    assert rules - {"claimed-not-attested"} == expected


def test_the_lie_of_an_ancestor_is_seen(family: Family) -> None:
    family.write(BASE)
    family.write(SFT)
    family.write(BOT, SFT)
    lied = json.dumps(run(STRANGE))
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), parameters=lied)
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    given, registry = family.case(BOT, SFT, BASE), family.registry()
    assert found(given, registry) == {("contradicted", SFT)}
    assert set(tiers(graph(given, registry)).values()) == {"attested"}


@pytest.mark.parametrize(
    ("parents", "expected"),
    [((BASE,), TRUE), ((STRANGE,), {("claimed-not-attested", STRANGE)})],
    ids=["its parent", "another"],
)
def test_the_card_of_an_ancestor_is_held_against_its_statement(
    parents: tuple[str, ...], expected: set[tuple[str, str]], family: Family
) -> None:
    family.attested()
    (family.folder(SFT) / "README.md").write_bytes(card(f"base_model: [{', '.join(parents)}]"))
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


HOSTILE = (
    '{"merge_method": ' + "[" * 60 + "]" * 60 + "}",
    json.dumps({"model_name_or_path": "x" * 100_000}),
    json.dumps(recipe(*(f"a/{n}" for n in range(3_000)))),
    json.dumps({"base_model": [1, {}, None, "\x00"]}),
    json.dumps({"argv": ["--model_name_or_path"]}),
    json.dumps({"r": True, "lora_r": 1 << 80}),
)


@pytest.mark.parametrize("parameters", HOSTILE, ids=range(len(HOSTILE)))
def test_parameters_are_never_a_traceback(parameters: str, family: Family) -> None:
    bot(family, ("lora", (SFT,), json.loads(parameters)))
    found(family.case(BOT, SFT, BASE), family.registry())


Step = Callable[[Family], None]


def unverified(family: Family, *, child: bool = False, parent: bool = False) -> None:
    family.attested()
    for repo, method, above, flag in ((SFT, "sft", BASE, parent), (BOT, "grpo", SFT, child)):
        (family.folder(repo) / "claims.jsonl").unlink()
        given = family.parent(above, unverified=flag)
        forge.attest(family.folder(repo), TRAINER, method, given, model=repo)
        forge.sign(family.folder(repo), forge.TufKey(key=forge.key("release")))


@pytest.mark.parametrize(
    ("flags", "expected", "marked"),
    [
        ({}, {(BOT, SFT): "anchored", (SFT, BASE): "anchored"}, set()),
        ({"child": True}, {(BOT, SFT): "attested", (SFT, BASE): "anchored"}, {BOT}),
        ({"parent": True}, {(BOT, SFT): "attested", (SFT, BASE): "attested"}, {SFT}),
    ],
    ids=["all verified", "the last", "one before"],
)
def test_nothing_is_anchored_that_rests_on_an_unverified_parent(
    flags: dict[str, bool],
    expected: dict[tuple[str, str], str],
    marked: set[str],
    family: Family,
) -> None:
    unverified(family, **flags)
    drawn = graph(family.case(BOT, SFT, BASE), family.registry())
    assert tiers(drawn) == expected
    assert {edge.child for edge in drawn.edges if edge.unverified} == marked


def test_a_signature_over_a_card_anchors_nobody(family: Family) -> None:
    family.attested()
    documents = family.top / "documents"
    forge.write(documents, {"README.md": (family.folder(SFT) / "README.md").read_bytes()})
    release = forge.TufKey(key=forge.key("release"))
    (family.folder(SFT) / "model.sig").write_text(json.dumps(forge.bundle(documents, release)))
    drawn = graph(family.case(BOT, SFT, BASE), family.registry())
    assert tiers(drawn)[BOT, SFT] == "attested"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(None, "attested"), ("the Hub answers 404", "anchored")],
    ids=["nobody was asked", "the Hub has none"],
)
def test_what_has_a_name_was_never_published_where_a_hub_says_so(
    asked: str | None, expected: str, family: Family
) -> None:
    family.attested()
    (family.folder(BOT) / "README.md").write_bytes(b"# bot\n")
    carried(family)
    known = [family.ancestor(BASE)]
    given = replace(family.case(BOT), ancestors=tuple(known))
    if asked:
        gone = Ancestor(claimed=SFT, missing=f"{SFT}: {asked}")
        given = replace(given, ancestors=(*known, gone))
    drawn = graph(given, family.registry())
    assert not drawn.problems
    assert tiers(drawn) == {(BOT, SFT): expected, (SFT, BASE): "anchored"}


def test_what_another_organisation_attests_alone_anchors_nothing(family: Family) -> None:
    family.write(BASE)
    family.write("other/sft")
    family.write(BOT)
    (family.folder(BOT) / "README.md").write_bytes(b"# bot\n")
    stranger, to = forge.TufKey(key=forge.key("stranger")), family.folder(BOT) / "claims.jsonl"
    above = family.parent(BASE)
    forge.attest(family.folder("other/sft"), stranger, "sft", above, model="other/sft", to=to)
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent("other/sft"), model=BOT)
    gone = Ancestor(claimed="other/sft", missing="other/sft: the Hub answers 404")
    drawn = graph(replace(family.case(BOT), ancestors=(gone,)), family.registry())
    assert not drawn.problems
    assert tiers(drawn)[BOT, "other/sft"] == "attested"
