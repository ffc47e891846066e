"""`attest`, `lineage` and `why` from the outside, on models on disk."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.cli.shop import COMMIT, SCHEMA, Shop, dependencies, opened
from tests.hubs import card
from tests.schemas import validate


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return opened(tmp_path)


def test_a_history_is_attested_step_by_step_and_then_passes(shop: Shop) -> None:
    assert shop.run("verify", "bot").returncode == 1
    (shop.top / "run.yaml").write_text("lr: 1.0e-5\nbegan: 2026-01-01\n")
    code = f"git+https://example.org/train@{COMMIT}"
    assert shop.attest("sft", "sft", "--parent", "base", "--code", code)[0] == 0
    assert shop.attest("bot", "grpo", "--parent", "sft", "--config", "run.yaml")[0] == 0
    ended = shop.run("verify", "-v")
    assert ended.returncode == 0, ended.stdout
    assert "every step is attested down to acme/base" in ended.stdout
    carried, own = shop.statements("bot")
    assert carried == shop.statements("sft")[0]
    outside = own["predicate"]["buildDefinition"]["externalParameters"]
    assert outside["parameters"] == {"lr": 1e-05, "began": "2026-01-01"}
    (material,) = dependencies(carried, "code")
    assert material == {"name": "code", "uri": code, "digest": {"gitCommit": COMMIT}}
    for statement in (carried, own):
        validate(statement, SCHEMA)


def test_a_model_that_brings_its_history_needs_nothing_else_on_disk(shop: Shop) -> None:
    assert shop.attest("sft", "sft", "--parent", "base")[0] == 0
    assert shop.attest("bot", "grpo", "--parent", "sft")[0] == 0
    settings = shop.top / "provenance.toml"
    table = tomllib.loads(settings.read_text())
    settings.write_text(tomli_w.dumps({**table, "models": table["models"][-1:]}))
    ended = shop.run("verify", "bot")
    assert ended.returncode == 0, ended.stdout


def test_a_parent_that_does_not_pass_is_not_attested_unless_told(shop: Shop) -> None:
    code, said = shop.attest("bot", "grpo", "--parent", "sft")
    assert (code, "lineage/unattested-step" in said) == (1, True)
    assert not (shop.top / "bot" / "claims.jsonl").exists()
    assert shop.attest("bot", "grpo", "--parent", "sft", "--unverified-parent")[0] == 0
    (own,) = shop.statements("bot")
    (parent,) = dependencies(own, "parent")
    assert parent["annotations"]["unverified"] is True
    validate(own, SCHEMA)


def test_attesting_again_keeps_what_is_there(shop: Shop) -> None:
    for _ in range(2):
        assert shop.attest("sft", "sft", "--parent", "base")[0] == 0
    assert len(shop.statements("sft")) == 2
    (shop.top / "sft" / "claims.jsonl").write_text("mine\n")
    code, said = shop.attest("sft", "sft", "--parent", "base")
    assert (code, "holds something else" in said) == (2, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sft"], "begins with a model"),
        (["pretrain", "--parent", "base"], "begins with nothing"),
        (["sft", "--parent", "nowhere"], "nowhere"),
        (["magic", "--parent", "base"], "magic"),
    ],
)
def test_what_the_caller_got_wrong_is_exit_2(words: list[str], says: str, shop: Shop) -> None:
    code, said = shop.attest("sft", *words)
    assert (code, says in said) == (2, True)


def test_the_callers_own_attestations_count(shop: Shop) -> None:
    own = shop.top / "attestations" / "acme" / "sft"
    own.mkdir(parents=True)
    assert shop.attest("sft", "sft", "--parent", "base", "-o", own / "claims.jsonl")[0] == 0
    assert not (shop.top / "sft" / "claims.jsonl").exists()
    assert shop.run("verify", "sft").returncode == 0
    moved = (shop.top / "attestations").rename(shop.top / "elsewhere")
    assert shop.run("verify", "sft").returncode == 1
    assert shop.run("verify", "sft", "--attestations", moved).returncode == 0


def test_the_graph_is_drawn_in_every_form(shop: Shop) -> None:
    assert shop.attest("sft", "sft", "--parent", "base")[0] == 0
    tree = shop.run("lineage", "bot").stdout
    assert "└── acme/sft" in tree
    assert "lineage/unattested-step  acme/bot" in tree
    graph = json.loads(shop.run("lineage", "bot", "--format", "json").stdout)
    assert [(e["child"], e["parent"], e["tier"]) for e in graph["edges"]] == [
        ("acme/bot", "acme/sft", "consistent"),
        ("acme/sft", "acme/base", "anchored"),
    ]
    assert "flowchart TB" in shop.run("lineage", "bot", "--format", "mermaid").stdout
    assert '"acme/base" -> "acme/sft"' in shop.run("lineage", "bot", "--format", "dot").stdout
    said = shop.run("why", "bot", "acme/base").stdout
    assert said.startswith("path 1, weakest link: ~ consistent")
    assert shop.run("why", "bot", "acme/else").returncode == 2


ABOVE = {
    "/mnt/ckpt/x": ["path 1, weakest link: ? not resolved", "└ /mnt/ckpt/x", "a local path"],
    "acme/gone": ["path 1, weakest link: ? declared", "└ acme/gone"],
}


@pytest.mark.parametrize("parent", ABOVE)
def test_why_knows_each_parent_that_lineage_draws(shop: Shop, parent: str) -> None:
    (shop.top / "sft" / "README.md").write_bytes(card(f"base_model: {parent}"))
    assert parent in shop.run("lineage", "sft").stdout
    ended = shop.run("why", "sft", parent)
    assert (ended.returncode, [words for words in ABOVE[parent] if words not in ended.stdout]) == (
        0,
        [],
    )
    assert f"there are {parent}" in shop.run("why", "sft", "acme/else").stderr


def test_what_a_card_says_is_shown_inert(shop: Shop) -> None:
    evil = '/x/\x1b[31m"]; end <script>|`::error::'
    text = f"---\nbase_model: {json.dumps(evil)}\n---\n"
    (shop.top / "bot" / "README.md").write_text(text)
    for form in ("human", "mermaid", "dot"):
        shown = shop.run("lineage", "bot", "--format", form).stdout
        assert "\x1b" not in shown
        assert "<script>" not in shown


@pytest.mark.parametrize("form", ["human", "json", "dot", "mermaid"])
def test_a_stated_parent_that_leads_nowhere_is_drawn_too(shop: Shop, form: str) -> None:
    text = card("base_model:\n- acme/base\n- ./local/ckpt\n- https://example.org/a/b/c")
    (shop.top / "bot" / "README.md").write_bytes(text)
    shown = shop.run("lineage", "bot", "--format", form).stdout
    assert "acme/base" in shown
    assert "./local/ckpt" in shown
    assert "example.org" in shown
    assert "ancestry/unresolvable" in shown or "not resolved" in shown


def test_a_parent_that_nobody_published_passes_by_its_trainer(shop: Shop) -> None:
    settings = shop.top / "provenance.toml"
    table = tomllib.loads(settings.read_text())
    settings.write_text(tomli_w.dumps({**table, "models": table["models"][::2]}))
    (shop.top / "sft" / "model.sig").unlink()
    code, said = shop.attest("bot", "grpo", "--parent", "sft")
    assert (code, "the parent sft" in said) == (1, True)
    assert shop.attest("sft", "sft", "--parent", "base")[0] == 0
    code, said = shop.attest("bot", "grpo", "--parent", "sft")
    assert code == 0, said
    (parent,) = dependencies(shop.statements("bot")[-1], "parent")
    assert parent["uri"] == "pkg:huggingface/acme/sft"
    assert "annotations" not in parent, "it was verified"
    ended = shop.run("verify", "bot")
    assert ended.returncode == 0, ended.stdout


def test_a_parent_that_nobody_published_needs_the_trainer_of_its_child(shop: Shop) -> None:
    settings = shop.top / "provenance.toml"
    table = tomllib.loads(settings.read_text())
    settings.write_text(tomli_w.dumps({**table, "models": table["models"][::2]}))
    (shop.top / "sft" / "model.sig").unlink()
    stranger = forge.TufKey(key=forge.key("stranger"))
    base = forge.digested(shop.top / "base", "acme/base", COMMIT)
    forge.attest(shop.top / "sft", stranger, "sft", base, model="acme/sft")
    code, said = shop.attest("bot", "grpo", "--parent", "sft")
    assert (code, "the parent sft" in said) == (1, True)
