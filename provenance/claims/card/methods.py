"""What the sentences and tags of a card say of how the model was trained."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.claims.card.flat import OBJECT, Flat
from provenance.claims.methods import MEANS, METHODS, SPELLED

TRAINED_WITH = re.compile(
    r"\b(?:trained|fine-?tuned|finetuned|aligned|post-trained|tuned|optimi[sz]ed)[ \n]"
    r"(?:(?:it|them|the model|this model)[ \n])?(?:with|using|via|through|by)[ \n]"
)
DENIED = re.compile(r"(?:\b(?:not|never|neither|without|unlike)\b|n't\b)[\w ,]{0,30}$")
PROGRAMS = re.compile(r"\bthis model was trained with $")
WORDS = re.compile(rf"[a-z0-9-]+|{OBJECT}")
FURTHER = frozenset({"and", "then", "followed", "by", "with", "using", "plus", "the", "of", "a"})
SHORT = re.compile(r"\(([a-z-]{3,12})\)$")
"""The short name that stands behind a long one: `Direct Preference Optimization (DPO)`."""
SENTENCE = 300


def methods(flat: Flat) -> Iterator[tuple[str, int]]:
    """Each method that a sentence names, with its line: `trained with SFT and DPO` names two."""
    seen = set[str]()
    for found in TRAINED_WITH.finditer(flat.lower):
        lead = flat.lower[max(0, found.start() - 60) : found.end()].replace("\n", " ")
        if DENIED.search(lead[: len(lead) - len(found[0])]):
            continue
        for name in _named(flat, found.end(), whole=bool(PROGRAMS.search(lead))):
            if name not in seen:
                seen.add(name)
                yield name, flat.line(found.start())


def _named(flat: Flat, begin: int, *, whole: bool) -> Iterator[str]:
    """The methods that stand first behind a place, with nothing but `and` between them."""
    allowed = MEANS.keys() | METHODS if whole else METHODS
    words = list(_words(flat, begin))
    at = 0
    while at < len(words):
        pair, one = "-".join(words[at : at + 2]), words[at]
        name = next((n for n in map(spelled, (pair, one)) if n in allowed), None)
        if name is None and one not in FURTHER:
            return
        if name is not None:
            yield name
        at += 2 if name is not None and name == spelled(pair) else 1


def _words(flat: Flat, begin: int) -> Iterator[str]:
    """The words of one sentence, a link by its label."""
    end = flat.lower.find(". ", begin, begin + SENTENCE)
    for found in WORDS.finditer(flat.lower, begin, end if end >= 0 else begin + SENTENCE):
        text = flat.at(found.start()).text.lower() if found[0] == OBJECT else found[0]
        short = SHORT.search(text)
        yield short[1] if short else text.replace(" ", "-")


def spelled(word: str) -> str:
    """The name of a method, however its parts are written together."""
    return SPELLED.get(word.replace("-", ""), word)
