"""What of a change map lies beyond a declaration."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from provenance.model import TensorDigest
from provenance.weights.changes.change import BESIDE, Change, Kind
from provenance.weights.changes.declared import (
    exceeded,
    exceeded_by_ledger,
    sentence,
    unread,
)
from provenance.weights.changes.pattern import Pattern
from provenance.weights.changes.scope import Declaration
from provenance.weights.ledger import Ledger
from provenance.weights.roles import role_of

Q, V = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.v_proj.weight"
DOWN = "model.layers.1.mlp.down_proj.weight"
TABLE, HEAD, NORM = "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"


def change(
    name: str, kind: Kind = Kind.LOW_RANK, *, rank: int | None = 4, detail: str = ""
) -> Change:
    role, numbers = role_of(name)
    size = 0.0 if kind in (Kind.ADDED, Kind.REMOVED) else 0.01
    return Change(
        name=name, base=name, role=role, numbers=numbers, kind=kind, rank=rank, relative=size,
        share=size, detail=detail,
    )  # fmt: skip


def dense(name: str) -> Change:
    return change(name, Kind.DENSE, rank=100)


def lora(
    *modules: str,
    rank: int | None = 4,
    saved: tuple[str, ...] = (),
    bias: str = "none",
    tokens: tuple[str, ...] = (),
) -> Declaration:
    return Declaration(
        said="card", modules=modules, rank=rank, saved=saved, bias=bias, tokens=tokens
    )


LORA = lora("q_proj", "v_proj")
LATE = "model.layers.11.self_attn.q_proj.weight"
EXPERT = "model.layers.1.mlp.experts.0.up_proj.weight"


EXPERTS = "model.layers.1.mlp.experts.weight"
FUSED = "h.0.attn.c_attn.weight"
GATE_UP = "model.layers.0.mlp.gate_up_proj.weight"


def part(of: str, rank: int = 4, whole: int | None = None) -> Change:
    """The queries, keys or values of a fused matrix."""
    role = f"layers.#.self_attn.{of}_proj.weight"
    return replace(change(FUSED, rank=rank), role=role, whole=whole)


def but(**more: Any) -> Declaration:
    return replace(LORA, **more)


BIAS = "model.layers.0.self_attn.q_proj.bias"
INT4 = [change(f"l.{n}.weight", Kind.QUANTIZED, rank=None, detail="int4") for n in range(5)]
TIED = change(HEAD, Kind.DENSE, rank=None, detail=f"{BESIDE} {TABLE}")
POST = "model.layers.0.post_attention_layernorm.weight"
CASES: Mapping[str, tuple[Declaration, list[Change], list[str]]] = {
    "as declared": (LORA, [change(Q), change(V)], []),
    "one more": (LORA, [change(Q), change(DOWN, rank=1)], [DOWN]),
    "one rank more may be rounding": (LORA, [change(Q, rank=5)], []),
    "rank above": (LORA, [change(Q, rank=6)], [Q]),
    "dense where a rank was declared": (LORA, [dense(Q)], [Q]),
    "a rank that is not low": (lora("q_proj", rank=128), [dense(Q)], []),
    "no rank is said": (lora("q_proj", rank=None), [dense(Q)], []),
    "a norm": (LORA, [change(NORM, Kind.DENSE, rank=None)], [NORM]),
    "a bias": (LORA, [change(BIAS, Kind.DENSE, rank=None)], [BIAS]),
    "biases": (lora("v_proj", bias="all"), [change(BIAS, Kind.DENSE, rank=None)], []),
    "own biases": (lora("q_proj", bias="lora_only"), [change(BIAS, Kind.DENSE, rank=None)], []),
    "other biases": (lora("v_proj", bias="lora_only"), [change(BIAS, Kind.DENSE)], [BIAS]),
    "trained whole": (lora("q_proj", saved=("lm_head",)), [dense(HEAD)], []),
    "head and table apart": (lora("q", saved=("lm_head",)), [dense(HEAD), dense(TABLE)], [TABLE]),
    "head and table in one": (lora("q", saved=("lm_head",)), [TIED, dense(TABLE)], []),
    "factors of the head that is the table": (lora("lm_head", rank=99), [TIED, dense(TABLE)], []),
    "factors of the table that is the head": (lora("embed_tokens", rank=99), [TIED], []),
    "saved by the end of a word": (lora("q_proj", saved=("norm",)), [dense(POST)], []),
    "rows of tokens": (lora("q_proj", tokens=("embed_tokens",)), [change(TABLE, Kind.ROWS)], []),
    "rows of the head, which is the table": (
        lora("q_proj", tokens=("embed_tokens",)),
        [change(TIED.name, Kind.ROWS, detail=BESIDE)],
        [],
    ),
    "more than rows": (lora("q_proj", tokens=("embed_tokens",)), [dense(TABLE)], [TABLE]),
    "rows of another": (lora("q_proj", tokens=("embed_tokens",)), [change(Q), dense(V)], [V]),
    "all linear": (lora("all-linear"), [change(Q), change(DOWN)], []),
    "all linear but the head": (lora("all-linear"), [change(HEAD), change(NORM)], [HEAD, NORM]),
    "the end of a name": (lora("self_attn.q_proj"), [change(Q)], []),
    "not in the middle of a word": (lora("proj"), [change(Q)], [Q]),
    "an expression": (lora(r".*\.(q|v)_proj"), [change(Q), change(DOWN)], [DOWN]),
    "looking ahead": (lora(r"^(?!.*mlp).*_proj$"), [change(Q), change(DOWN)], [DOWN]),
    "a rank of its own": (but(ranks=(("v_proj", 8),)), [change(V, rank=8), change(Q)], []),
    "above a lower one of its own": (but(ranks=(("v_proj", 2),)), [change(V), change(Q)], [V]),
    "above the others' by another's": (but(ranks=(("v_proj", 8),)), [change(Q, rank=8)], [Q]),
    "the first rank that matches": (
        but(ranks=(("self_attn.q_proj", 2), ("q_proj", 8))),
        [change(Q)],
        [Q],
    ),
    "a rank by an expression": (
        but(ranks=((r"layers\.1[01]\..*q_proj", 8),)),
        [change(Q, rank=8), change(LATE, rank=8)],
        [Q],
    ),
    "one of the layers": (but(layers=(0, 11)), [change(Q), change(LATE)], []),
    "another layer": (but(layers=(0, 1)), [change(Q), change(LATE)], [LATE]),
    "the layer, and not the expert": (
        replace(lora("up_proj", "lm_head"), layers=(0,)),
        [change(EXPERT), change(HEAD)],
        [EXPERT, HEAD],
    ),
    "layers of that stack": (
        but(layers=(0,), stacks=("layers",)),
        [change(f"block.7.{Q}"), change(f"block.0.{LATE}")],
        [f"block.0.{LATE}"],
    ),
    "an expression tells the layers": (
        replace(lora(r".*\.q_proj"), layers=(0,)),
        [change(LATE)],
        [],
    ),
    "left out": (but(excluded=("layers.11.self_attn.q_proj",)), [change(Q), change(LATE)], [LATE]),
    "left out by an expression": (
        but(excluded=(r"(?:.*\.11\..*)",)),
        [change(Q), change(LATE)],
        [LATE],
    ),
    "left out, and saved whole": (
        but(excluded=("lm_head",), saved=("lm_head",)),
        [dense(HEAD)],
        [],
    ),
    "left out of all linear": (
        replace(lora("all-linear"), excluded=("v_proj",)),
        [change(Q), change(V)],
        [V],
    ),
    "a part of a fused one": (LORA, [part("q"), part("v")], []),
    "another part of it": (LORA, [part("q"), part("k")], [FUSED]),
    "a part above its rank": (LORA, [part("q", 6)], [FUSED]),
    "the fused one, of its rank altogether": (
        lora("c_attn"),
        [part("q", whole=5), part("v", whole=5)],
        [],
    ),
    "the fused one, and each part of its rank": (
        lora("c_attn"),
        [part("q", whole=8), part("v", whole=8)],
        [FUSED, FUSED],
    ),
    "all linear, which the fused one is": (lora("all-linear"), [part("q", whole=8)], [FUSED]),
    "each part, and more altogether": (
        lora("q_proj", "k_proj", "v_proj"),
        [part("q", whole=12), part("k", whole=12)],
        [],
    ),
    "parts that are not told apart": (
        lora("gate_proj", "up_proj"),
        [change(GATE_UP, rank=8)],
        [],
    ),
    "above all of them": (lora("gate_proj", "up_proj"), [change(GATE_UP, rank=10)], [GATE_UP]),
    "one of parts that are not told apart": (lora("up_proj"), [change(GATE_UP)], [GATE_UP]),
    "a part left out": (
        replace(lora("q_proj", "k_proj", "v_proj"), excluded=("k_proj",)),
        [part("q"), part("k")],
        [FUSED],
    ),
    "what a fused one was taken apart to": (lora("qkv_proj"), [change(Q), change(V)], []),
    "another than that": (lora("qkv_proj"), [change(Q), change(DOWN)], [DOWN]),
    "experts in one parameter": (
        lora("mlp.experts.gate_up_proj"),
        [change(EXPERT), change(EXPERT.replace("up", "gate"))],
        [],
    ),
    "another matrix of experts": (
        lora("mlp.experts.down_proj"),
        [change(EXPERT), change(EXPERT.replace("up", "down"))],
        [EXPERT],
    ),
    "factors of all experts": (
        lora("mlp.experts.gate_up_proj"),
        [change(EXPERTS, Kind.ADDED)],
        [],
    ),
    "factors of all experts, of which none is declared": (
        lora("q_proj"),
        [change(EXPERTS, Kind.ADDED)],
        [EXPERTS],
    ),
    "an expression names no fused one": (lora(r".*attn\.qkv_proj"), [change(Q)], [Q]),
    "the whole model": (lora(rank=None), [dense(Q), dense(NORM)], []),
    "re-typed": (LORA, [change(DOWN, Kind.CAST)], []),
    "quantised alike": (LORA, [*INT4, dense(Q)], []),
    "quantised alone": (LORA, [change(Q), INT4[0]], [INT4[0].name]),
    "added": (LORA, [change("model.extra.weight", Kind.ADDED)], ["model.extra.weight"]),
    "a buffer": (LORA, [change("model.rotary_emb.inv_freq", Kind.REMOVED)], []),
}


@pytest.mark.parametrize(("declared", "changes", "beyond"), CASES.values(), ids=CASES)
def test_exceeded(declared: Declaration, changes: list[Change], beyond: list[str]) -> None:
    assert [one.change.name for one in exceeded(declared, changes)] == beyond


def test_the_sentence_is_that_of_the_manual() -> None:
    excess = exceeded(LORA, [change(Q), change(DOWN, rank=1)])
    words = "declared q,v LoRA r = 4; layers.1.mlp.down_proj also changed (rank 1, 1.0 %)"
    assert sentence(LORA, excess) == words


def test_the_sentence_tells_a_rank_of_its_own() -> None:
    declared = but(ranks=(("q_proj", 2),))
    words = "declared q,v LoRA r = 4; layers.0.self_attn.q_proj changed beyond its rank of 2 "
    assert sentence(declared, exceeded(declared, [change(Q)])) == f"{words}(rank 4, 1.0 %)"


def test_a_long_sentence_is_folded() -> None:
    changes = [change(f"model.layers.{n}.mlp.up_proj.weight") for n in range(41)]
    assert sentence(LORA, exceeded(LORA, changes)).endswith(", and 38 more")


def digest(name: str, opening: str, whole: str = "", dtype: str = "BF16") -> TensorDigest:
    return TensorDigest(
        path="m", name=name, dtype=dtype, shape=(300, 300), opening=opening, digest=whole
    )


LEDGERS: Mapping[str, tuple[TensorDigest, list[str]]] = {
    "the same": (digest(DOWN, "a", "b"), []),
    "begins otherwise": (digest(DOWN, "c"), [DOWN]),
    "ends otherwise": (digest(DOWN, "a", "c"), [DOWN]),
    "not gone through": (digest(DOWN, "a"), []),
    "declared": (digest(Q, "c"), []),
    "of another form": (digest(DOWN, "c", dtype="I8"), []),
    "not in the base": (digest(V, "c"), []),
}


@pytest.mark.parametrize(("own", "beyond"), LEDGERS.values(), ids=LEDGERS)
def test_exceeded_by_digests_alone(own: TensorDigest, beyond: list[str]) -> None:
    theirs = Ledger(entries=(digest(DOWN, "a", "b"), digest(Q, "a", "b")))
    found = exceeded_by_ledger(LORA, Ledger(entries=(own,)), theirs)
    assert [one.change.name for one in found] == beyond


EXPRESSIONS = (
    r".*\.(?:q|v)_proj",
    r"^(?!.*(?:visual|merger)).*(?:q_proj|v_proj)$",
    r"model\.layers\.(?:[0-9]|1[0-5])\.[a-z_]+\.\w+",
    r"(?:.*?(?:language|text|model).*?(?:self_attn|mlp).*?)|(?:\bmodel\.norm)",
    r"[^.]*\.layers\.\d{1,2}\..+",
    r"(model|base)?(\.\w+)*",
)
NAMES = ("model.layers.0.self_attn.q_proj", "model.layers.17.mlp.up_proj", "visual.0.q_proj",
         "model.norm", "lm_head", "", "layers")  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_matches_what_python_matches(text: str) -> None:
    pattern = Pattern(text)
    assert not pattern.unread
    for name in NAMES:
        assert pattern.matches(name) is bool(re.fullmatch(text, name)), name


UNREAD = (
    r"(?<=a)b",
    r"(a)\1",
    r"(a",
    r"a)",
    r"a++",
    "(" * 100,
    "[z-a]*",
    "a{2000}",
    "*",
    "x*" * 2000,
)


@pytest.mark.parametrize("text", UNREAD)
def test_an_expression_that_is_not_followed_is_said(text: str) -> None:
    declared = lora(text)
    assert unread(declared)
    assert exceeded(declared, [dense(Q)]) == ()


ODD_PATTERNS: Mapping[str, Declaration] = {
    "ranks": but(ranks=(("(?<=a)b", 2),)),
    "modules left out": but(excluded=("(?<=a)b",)),
    "ranks without number": but(ranks=tuple((f"q.{n}*", 2) for n in range(99))),
}


@pytest.mark.parametrize("name", ODD_PATTERNS)
def test_expressions_of_a_part_that_are_not_followed_are_said(name: str) -> None:
    assert unread(ODD_PATTERNS[name])
    assert exceeded(ODD_PATTERNS[name], [dense(Q)]) == ()


@pytest.mark.parametrize("text", ["(a+)+b", "(a|a)*b", "(.*)*" * 20 + "b", ".*" * 200 + "b"])
def test_an_expression_that_takes_python_years_ends(text: str) -> None:
    started = time.process_time()
    pattern = Pattern(text)
    assert not any(pattern.matches("a" * 300) for _ in range(5))
    assert time.process_time() - started < 10
