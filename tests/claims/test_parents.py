"""What repositories say of their parents, read or reported as unreadable, and nothing invented."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.claims.claim import Claim, ParentClaim, Unread
from provenance.claims.parents import parent_claims
from provenance.model import Facts
from tests.claims.models import evidence
from tests.hubs import card

LABELS = tomllib.loads((Path(__file__).parent / "cards.toml").read_text())


def read(**files: bytes) -> tuple[Claim, ...]:
    return parent_claims(evidence({name.replace("__", "."): data for name, data in files.items()}))


def names(claims: tuple[Claim, ...]) -> list[str | None]:
    """The names in claims about parents, and `unread` for what could not be read."""
    return [
        claim.repo if isinstance(claim, ParentClaim) else "unread"
        for claim in claims
        if isinstance(claim, ParentClaim | Unread)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("base_model: a/b", ["a/b"]),
        ("base_model: [a/b, c/d]", ["a/b", "c/d"]),
        ("base_model: null", []),
        ("base_model: ''", []),
        ("base_model: /x/y", [None]),
        ("base_model: [a/b, 7]", ["a/b", "unread"]),
        ("base_model: {a: b}", ["unread"]),
        ("tags: [x, 'base_model:a/b', 'base_model:quantized:c/d']", ["a/b", "c/d"]),
        ("license: mit", []),
        ("base_model: a/b\nbase_model: c/d", ["unread"]),
        ("base_model: [" + "a/b, " * 1001 + "]", ["unread"]),
    ],
)
def test_a_card_names_parents(text: str, found: list[str | None]) -> None:
    assert names(read(README__md=card(text))) == found


@pytest.mark.parametrize(
    ("label", "page", "found"),
    [
        ("out", "huggingface.co/out", [None]),
        ("None", "huggingface.co/None", [None]),
        ("gpt2", "huggingface.co/gpt2", ["gpt2"]),
        ("out", "github.com/out", []),
        ("here", "huggingface.co/out", []),
    ],
)
def test_a_trainers_link_to_a_folder_names_a_parent_that_nobody_can_follow(
    label: str, page: str, found: list[str | None]
) -> None:
    text = f"This model is a fine-tuned version of [{label}](https://{page}) on rows."
    assert names(read(README__md=text.encode())) == found


def test_relations_are_the_hubs_words() -> None:
    claims = read(README__md=card("base_model: a/b\nbase_model_relation: merge"))
    assert [c.relation for c in claims if isinstance(c, ParentClaim)] == ["merge"]
    claims = read(README__md=card("base_model: a/b\nbase_model_relation: son"))
    assert [c.relation for c in claims if isinstance(c, ParentClaim)] == [None]


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"base_model_name_or_path": "a/b", "revision": "v1"}, [("a/b", "v1")]),
        ({"base_model_name_or_path": "/x/a/b", "revision": "v1"}, [(None, None)]),
        ({"base_model_name_or_path": None}, []),
        ({}, []),
    ],
)
def test_an_adapter_names_its_base(
    config: dict[str, object], found: list[tuple[str | None, str | None]]
) -> None:
    claims = read(adapter_config__json=json.dumps(config).encode())
    assert [(c.repo, c.revision) for c in claims if isinstance(c, ParentClaim)] == found


def test_what_cannot_be_read_is_said() -> None:
    broken = {
        "README.md": card("a: ["),
        "x/adapter_config.json": b"{",
        "adapter_config.json": b"[]",
    }
    claims = parent_claims(evidence(broken))
    assert [type(claim) for claim in claims] == [Unread] * 3
    unseen = parent_claims(evidence({"README.md": b"x"}, unread=("README.md",)))
    assert unseen == ()


def test_the_hubs_copy_of_a_card_counts_where_the_card_was_left_out() -> None:
    facts = Facts(id="x/y", parents=("a/b",), relation="adapter")
    claims = parent_claims(replace(evidence({"config.json": b"{}"}), facts=facts))
    assert [(c.path, c.relation) for c in claims if isinstance(c, ParentClaim)] == [
        ("the Hub", "adapter")
    ]


@pytest.mark.each("model_cards/*.md")
def test_a_real_card_is_read_as_a_person_does(each: Path) -> None:
    claims = parent_claims(evidence({"README.md": each.read_bytes()}))
    assert not any(isinstance(claim, Unread) for claim in claims)
    if each.name in LABELS:
        assert {*names(claims)} == {*LABELS[each.name]}


@pytest.mark.each("adapters/*/*.json")
def test_a_real_adapter_is_read(each: Path) -> None:
    data = each.read_bytes()
    base = json.loads(data).get("base_model_name_or_path")
    claims = parent_claims(evidence({"adapter_config.json": data}))
    assert names(claims) == ([base] if base else [])


@pytest.mark.each("huggingface_hub/fixtures__cards__*.md")
def test_a_card_made_to_be_odd_is_read_or_reported(each: Path) -> None:
    parent_claims(evidence({"README.md": each.read_bytes()}))
