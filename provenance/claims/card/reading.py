"""Which phrase leads to a name, and whether its sentence means this model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provenance.claims.card.flat import ITEM
from provenance.claims.card.phrases import BEHIND, PHRASES, TUNED_ON, Phrase
from provenance.claims.card.words import FILL, NEGATED, SUBJECTS, SURE_NEGATED, WINDOW
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
    for one in PHRASES:
        fill = "(?:the |a )?" + FILL
        ready = _Ready(one, _compiled(f"{one.rest}{fill}$"), _compiled(one.behind))
        for word in words(one.first):
            found.setdefault(word, []).append(ready)
    return found


BY_FIRST = _by_first()
WORD = re.compile(r"\w[\w-]*")
STARTS = re.compile(rf"(?:^|[\n|{ITEM}#>]|[.;,(][ \n])[ ]?(?:the |our |used |model )?$")
DENIALS = {
    True: _compiled(rf"\b(?:{SURE_NEGATED})\b|n['\u2019]t\b"),
    False: _compiled(
        rf"\b(?:{NEGATED})\b|n['\u2019]t\b"
        rf"|\b(?:{SUBJECTS})(?:(?! and\b)(?! model)[\s,]{{1,2}}[\w-]{{1,30}}){{0,4}} ?$"
    ),
}


def phrases(lower: str, at: int) -> Iterator[tuple[Phrase, int]]:
    """The phrases that lead to the name at a place, each with where it begins."""
    for word in WORD.finditer(lower, max(0, at - WINDOW), at):
        for ready in BY_FIRST.get(word[0], ()):
            if (
                ready.rest.match(lower, word.end(), at)
                and ready.behind.match(lower, at + 1)
                and (
                    not ready.phrase.label
                    or STARTS.search(lower, max(0, word.start() - 8), word.start())
                )
            ):
                yield ready.phrase, word.start()
    if BEHIND.match(lower, at + 1):
        yield TUNED_ON, at


def denied(phrase: Phrase, lower: str, begin: int, end: int) -> bool:
    """Whether the words of a sentence before its phrase say that it speaks of something else."""
    return DENIALS[phrase.sure].search(lower, begin, end) is not None
