"""Which blocks of code in a card say how this very model was trained: by what stands above them.

A card shows settings of many kinds: how its model was made, how to use it, what else could be done
with it. Only what stands below a heading of training is the model's own; where anything above tells
of another matter, or of nothing, nobody knows what a block is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provenance.claims.card.blocks import Fenced
from provenance.formats.names import words

NAMES_IT = words("axolotl hyperparameters hyperparameter pretraining trained training")
"""One of these at least is in a heading of training."""
WITH_DETAILS = words(
    "dpo fine-tune fine-tuned fine-tuning finetune finetuned finetuning lora orpo peft qlora rlhf "
    "sft train tuned tuning"
)
"""These are it only beside one of DETAILS: a part `Fine-tuning` may tell how to go on."""
DETAILS = words(
    "arguments args config configuration configurations configs details hyperparameter "
    "hyperparameters parameters params procedure recipe settings setup"
)
FILL = words(
    "a adapter adapters and been built following for full has how i information is it its llm "
    "method model my of our process run see stage steps the these this used using values was we "
    "were with yaml yml version"
)
"""What else such a heading may have; with any other word it is about something else."""
ELSEWHERE = words(
    "another any base community continue demo deploy deployment downstream evaluation example "
    "examples further guide inference install installation instructions load loading next "
    "original other others parent quick quickstart readme related reproduce sample snippet source "
    "start template tutorial usage use uses your yourself"
)
"""A part whose heading has one of these, with everything in it, is not of how it was trained. The
title of the card is no such heading: it may hold any name."""
QUOTED = re.compile(r"\b(?:original|source|base|parent)\b.{0,40}\b(?:card|readme)\b", re.IGNORECASE)
"""Behind such a heading another model's card is quoted, up to the end."""
MARKS = re.compile(
    r"^[ \t>]{0,9}(?:(?P<hashes>\#{1,6})[ \t]+(?P<hashed>[^\n]{1,200})"
    r"|<h(?P<number>[1-6])\b[^>\n]{0,200}>(?P<tagged>[^\n]{1,200})"
    r"|(?P<under>[^\s#|>-][^\n]{0,100})\n[ \t]{0,3}(?P<rule>=+|-{2,})[ \t]*$"
    r"|(?P<bold>\*\*[^*\n]{1,100}\*\*:?|__[^_\n]{1,100}__:?)[ \t]*$)"
    r"|<summary\b[^>\n]{0,200}>(?P<summary>[^\n]{1,200}?)(?=</summary|$)"
    r"|(?P<end></details\s?>)",
    re.MULTILINE | re.IGNORECASE,
)
WORDED = ("hashed", "tagged", "under", "bold", "summary")
TAG = re.compile(r"<[^<>]{0,200}>|\]\([^()\n]{0,200}\)")
WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
QUOTE, TITLE, BOLD, SUMMARY = 0, 1, 7, 8
"""Levels above, among and below those of headings."""


def of_training(text: str, fenced: Iterable[Fenced]) -> Iterator[Fenced]:
    """Those of the blocks that say how the model was trained; `text` has the words of the card,
    each on its line, and none of the blocks."""
    lines, headings = text.split("\n"), list(_headings(text))
    for one in fenced:
        above = _open([found for found in headings if found.line < one.above])
        if tells((*above, _lead(lines, one.above - 1))):
            yield one


def tells(headings: Iterable[str]) -> bool:
    """Whether headings, each within the one before, are of how the model was trained."""
    said = [frozenset(WORD.findall(TAG.sub(" ", heading).lower())) for heading in headings]
    return any(map(_is_training, said)) and not any(one & ELSEWHERE for one in said)


def _is_training(said: frozenset[str]) -> bool:
    known = said <= NAMES_IT | WITH_DETAILS | DETAILS | FILL
    return known and bool(said & NAMES_IT or (said & WITH_DETAILS and said & DETAILS))


@dataclass(frozen=True, slots=True)
class _Heading:
    """One heading; without words the end of what one of its level began."""

    line: int
    level: int
    text: str


def _headings(text: str) -> Iterator[_Heading]:
    line = at = 0
    for number, found in enumerate(MARKS.finditer(text)):
        line, at = line + text.count("\n", at, found.start()), found.start()
        said = next(filter(None, map(found.group, WORDED)), "")
        level = QUOTE if QUOTED.search(said) else _level(found)
        is_title = level == TITLE and not number
        yield _Heading(line, level, "" if is_title and not tells([said]) else said)


def _level(found: re.Match[str]) -> int:
    if hashes := found["hashes"]:
        return len(hashes)
    if found["tagged"]:
        return int(found["number"])
    if rule := found["rule"]:
        return 1 + rule.startswith("-")
    return BOLD if found["bold"] else SUMMARY


def _open(headings: Iterable[_Heading]) -> tuple[str, ...]:
    """Those in which the place behind all of them lies, the outermost first."""
    found: dict[int, str] = {}
    for one in headings:
        found = {level: text for level, text in found.items() if level < one.level}
        found[one.level] = one.text
    return tuple(filter(None, found.values()))


def _lead(lines: list[str], fence: int) -> str:
    """The line that leads to a block, where it ends with a colon: a heading of that alone."""
    above = (line.strip() for line in reversed(lines[max(0, fence - 3) : fence]))
    line = next(filter(None, above), "")
    return line if line.endswith(":") else ""
