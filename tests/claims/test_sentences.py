"""The sentences of model cards: who is named as a parent, and who is not."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from provenance.claims.claim import ParentClaim
from provenance.claims.parents import parent_claims
from provenance.claims.reference import UNNAMED
from tests.claims.models import evidence

HUB = "https://huggingface.co"
FILE = Path(__file__).parent / "sentences.toml"


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Words of a card, and the parents that they name."""

    kind: str
    text: str
    parents: tuple[str, ...]


def sentences() -> list[Sentence]:
    """All rows of the table."""
    return [
        Sentence(kind=kind, text=row["text"].replace("HUB", HUB), parents=tuple(row["parents"]))
        for kind, group in tomllib.loads(FILE.read_text("utf-8")).items()
        for row in group["rows"]
    ]


def parents(text: str) -> list[str]:
    """The parents that a card of such words names, as the table writes them."""
    claims = parent_claims(evidence({"README.md": text.encode()}))
    return [_parent(claim) for claim in claims if isinstance(claim, ParentClaim)]


def _parent(claim: ParentClaim) -> str:
    what = claim.repo or ("unnamed" if claim.reason == UNNAMED else "path")
    return f"{what} {claim.relation}" if claim.relation else what


@pytest.mark.parametrize("sentence", sentences(), ids=lambda sentence: sentence.text[:60])
def test_a_sentence_names_its_parents_and_nobody_else(sentence: Sentence) -> None:
    assert sorted(parents(sentence.text)) == sorted(sentence.parents)
