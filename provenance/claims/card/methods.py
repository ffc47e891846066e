"""What the sentences and tags of a card say of how the model was trained."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.claims.card.flat import ITEM, OBJECT, Flat
from provenance.claims.methods import MEANS, METHODS, SPELLED

TRAINED_WITH = re.compile(
    r"\b(?:trained|fine-?tuned|finetuned|aligned|post-trained|tuned|optimi[sz]ed)[ \n]"
    r"(?:(?:it|them|the model|this model)[ \n])?(?:with|using|via|through|by)[ \n]"
)
USED = re.compile(
    r"\bwe[ \n](?:then |also |first )?(?:used?|appl(?:y|ied)|perform(?:ed)?|employ(?:ed)?|ran)[ \n]"
    rf"|(?:^|[\n|{ITEM}][ ]?)(?:(?:training|fine-?tuning|alignment)[ ]"
    r"(?:procedure|method|algorithm|objective|type|technique)|method)[ ]?[:|\uff1a][ ]?"
)
"""What leads to the name of a method, and to what is made with one."""
MADE_WITH = re.compile(
    rf"\b(?:{'|'.join(sorted(METHODS))})\)?[ \n-]"
    r"(?:data|datasets?|models?|checkpoints?|baselines?|as|loss|prompts?|samples?|examples?|"
    r"code|library|papers?)\b"
)
COMPARED = re.compile(r"\b(?:baselines?|compar\w+|ablations?|instead)\b")
LONG = {
    "supervised-fine-tuning": "sft",
    "supervised-finetuning": "sft",
    "direct-preference-optimization": "dpo",
    "group-relative-policy-optimization": "grpo",
    "proximal-policy-optimization": "ppo",
    "odds-ratio-preference-optimization": "orpo",
    "kahneman-tversky-optimization": "kto",
}
"""The methods whose name is written out before its letters."""
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
    for begin, name in (*_trained(flat), *_used(flat)):
        if name not in seen:
            seen.add(name)
            yield name, flat.line(begin)


def _trained(flat: Flat) -> Iterator[tuple[int, str]]:
    """What a model was trained with, and where that is said."""
    for found in TRAINED_WITH.finditer(flat.lower):
        lead = flat.lower[max(0, found.start() - 60) : found.end()].replace("\n", " ")
        if DENIED.search(lead[: len(lead) - len(found[0])]):
            continue
        words = list(_words(flat, found.end()))
        for name in _named(words, whole=bool(PROGRAMS.search(lead))):
            yield found.start(), name


def _used(flat: Flat) -> Iterator[tuple[int, str]]:
    """What people used, and where they say so: not data, or another model, of a method's name."""
    for found in USED.finditer(flat.lower):
        end = _end(flat, found.end())
        sentence = flat.lower[found.end() : end]
        if not (MADE_WITH.search(sentence) or COMPARED.search(sentence)):
            for name in _named(list(_words(flat, found.end())), whole=False):
                yield found.end() - 1, name


def _named(words: list[str], *, whole: bool) -> Iterator[str]:
    """The methods that stand first, with nothing but `and` between them."""
    allowed = MEANS.keys() | METHODS if whole else METHODS
    at = 0
    while at < len(words):
        for size in (4, 3, 2, 1):
            name = spelled("-".join(words[at : at + size]))
            if name in allowed:
                yield name
                break
        else:
            size = 1
            if words[at] not in FURTHER:
                return
        at += size


def _words(flat: Flat, begin: int) -> Iterator[str]:
    """The words of one sentence, a link by its label."""
    for found in WORDS.finditer(flat.lower, begin, _end(flat, begin)):
        text = flat.at(found.start()).text.lower() if found[0] == OBJECT else found[0]
        short = SHORT.search(text)
        yield short[1] if short else text.replace(" ", "-")


def _end(flat: Flat, begin: int) -> int:
    """Where a sentence ends."""
    end = flat.lower.find(". ", begin, begin + SENTENCE)
    return end if end >= 0 else begin + SENTENCE


def spelled(word: str) -> str:
    """The name of a method, however its parts are written together."""
    return LONG.get(word) or SPELLED.get(word.replace("-", ""), word)
