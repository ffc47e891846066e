"""Which phrase leads to a name, and whether its sentence means this model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provenance.claims.card.authors import AUTHORS
from provenance.claims.card.begun import BEGUN
from provenance.claims.card.behind import FOLLOWED
from provenance.claims.card.flat import ITEM
from provenance.claims.card.labels import LABELS
from provenance.claims.card.languages import FOLLOWED_BY, LED_TO
from provenance.claims.card.phrases import PHRASES, Phrase
from provenance.claims.card.words import (
    DATA,
    ELSEWHERE,
    FILL,
    NEGATED,
    OPENINGS,
    SERVANTS,
    SUBJECTS,
    SURE_NEGATED,
    TEACHERS,
    WINDOW,
)
from provenance.formats.names import words


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"[ \n]"))


@dataclass(frozen=True, slots=True)
class _Ready:
    """A phrase, ready to be matched behind its first word."""

    phrase: Phrase
    rest: re.Pattern[str]
    behind: re.Pattern[str]

    def reads(self, lower: str, begin: int, end: int, at: int) -> bool:
        """Whether it leads from its first word, which stands there, to the name at a place."""
        if self.phrase.label and not STARTS.search(lower, max(0, begin - 8), begin):
            return False
        if not self.rest.match(lower, end, at):
            return False
        return self.behind.match(lower, at + 1) is not None


def _by_first() -> Mapping[str, list[_Ready]]:
    found: dict[str, list[_Ready]] = {}
    for one in (*LABELS, *PHRASES, *AUTHORS, *BEGUN, *LED_TO):
        ready = _Ready(one, _compiled(rf"{one.rest}{FILL}\Z"), _compiled(one.behind))
        for word in words(one.first):
            found.setdefault(word, []).append(ready)
    return found


BY_FIRST = _by_first()
BEHIND = tuple((one, _compiled(one.behind)) for one in (*FOLLOWED, *FOLLOWED_BY))
WORD = re.compile(r"\w[\w-]*")
STARTS = re.compile(rf"(?:^|[\n|{ITEM}#>]|[.;,(][ \n])[ ]?(?:the |our |used |model )?$")
DENIALS = {
    True: _compiled(rf"\b(?:{SURE_NEGATED})\b|n['\u2019]t\b"),
    False: _compiled(
        rf"\b(?:{NEGATED})\b|n['\u2019]t\b"
        rf"|\b(?:{SUBJECTS})(?:(?! and\b)(?! model)[\s,]{{1,2}}[\w-]{{1,30}}){{0,4}} ?$"
    ),
}
AWAY = _compiled(ELSEWHERE)
OTHERS = {
    declared: _compiled(
        rf"\b(?:the|our|its|their|each|an?) (?:{roles})(?:['\u2019]s [\w-]{{1,20}})?"
        r"(?: (?:models?|networks?|llm))?"
        r" (?:is|was|are|were|has|have|itself)\b"
    )
    for declared, roles in ((True, SERVANTS), (False, TEACHERS))
}
"""Another model as the subject of a sentence, by whether the card declares a parent elsewhere."""
OWN = _compiled(r"\bof (?:this|our) (?:model|adapter|checkpoint)\b(?! (?:is|was) )")
OF_DATA = _compiled(DATA)
BEGINNINGS = ("starting ", "started ", "initiali", "warm", "using ", "with ", "taking ")
"""What begins anew behind the data that a model was trained on."""


def phrases(lower: str, at: int, *, linked: bool) -> Iterator[tuple[Phrase, int]]:
    """The phrases that lead to the name at a place, each with where it begins.

    Some are read of a name alone that is `linked`: they are said of data too.
    """
    for word in WORD.finditer(lower, max(0, at - WINDOW), at):
        for ready in BY_FIRST.get(word[0], ()):
            if (linked or not ready.phrase.linked) and ready.reads(lower, *word.span(), at):
                yield ready.phrase, word.start()
    line = lower.rfind("\n", 0, at) + 1
    listed = lower[line : line + 1] == "|" or lower[line:at] == f"{ITEM} "
    if not listed and (linked or not lower.startswith(",", at + 1)):
        yield from (
            (one, at)
            for one, behind in BEHIND
            if (linked or not one.linked) and behind.match(lower, at + 1)
        )


def denied(phrase: Phrase, lower: str, begin: int, end: int, at: int, *, declared: bool) -> bool:
    """Whether the sentence of a phrase speaks of something else.

    It begins there, its phrase ends the words that lead up to it, the name stands at `at`. What
    has a parent that is `declared` has servants too.
    """
    if AWAY.match(lower, at + 1) or lower.startswith(OPENINGS, begin):
        return True
    if OTHERS[declared].search(lower, begin, at) or OWN.search(lower, end, at):
        return True
    if not lower.startswith(BEGINNINGS, end) and OF_DATA.search(lower, begin, end):
        return True
    return DENIALS[phrase.sure].search(lower, begin, end) is not None
