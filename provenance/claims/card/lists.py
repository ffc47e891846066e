"""The lists of models below the words that a merge has been made of them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from provenance.claims.card.flat import ITEM, OBJECT, Flat
from provenance.claims.card.phrases import Phrase

MERGED = Phrase(key="merge of", relation="merge", sure=True)
ABOVE = re.compile(
    r"(?:\bmodels?\b[^\n.]{0,40} (?:included|used|merged)\b[^\n.]{0,40}\bmerg\w*"
    r"|\b(?:made|built|created|composed) (?:with|of|from|using) (?:the )?following models?\b"
    r"|\bmerged? (?:of|between|from)[^\n.]{0,40}:"
    r"|\bmerged? [^\n.]{0,40}\bof (?:the )?(?:following|these)\b"
    r"|(?:^|\n)# (?:[^\n]{0,9} )?(?:models? merged|merged models?|models used|merge components|"
    r"models in (?:the|this) merge)\b)[^\n]{0,300}"
)
ROW = re.compile(rf"(?:\n{{1,9}}(?={ITEM}|\|)[^\n]*)*")
HEAD = re.compile(rf"(?:\n(?:{ITEM}|\|) ?[\[\"'“(]?|{OBJECT}[^\n{OBJECT}]{{0,3}}\+ ?)$")
LONGEST = 8


@dataclass(frozen=True, kw_only=True)
class Lists:
    """Where lists of merged models begin and end, in order."""

    words: str
    begins: list[int]
    ends: list[int]

    @classmethod
    def of(cls, flat: Flat) -> Lists:
        """The lists of a card."""
        begins, ends = [], []
        if "merg" in flat.lower or "following model" in flat.lower:
            for found in ABOVE.finditer(flat.lower):
                begins.append(found.end())
                rows = ROW.match(flat.words, found.end())
                ends.append(rows.end() if rows else found.end())
        return cls(words=flat.words, begins=begins, ends=ends)

    def phrase(self, at: int) -> Phrase | None:
        """What makes a parent of the name at a place: to stand first in a row of such a list."""
        number = bisect_right(self.begins, at) - 1
        if number < 0 or at >= self.ends[number]:
            return None
        return MERGED if HEAD.search(self.words[max(0, at - LONGEST) : at]) else None
