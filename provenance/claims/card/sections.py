"""The parts of a card that list what others made of the model: no row there is a parent of it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from provenance.claims.card.flat import ITEM, Flat

CHILDREN = re.compile(
    r"\b(?:fine-?tun(?:es?|ed)|merge[ds]?|quant\w*|adapters?|loras?|models|versions|built|based|"
    r"trained|made)\b[\w -]{0,40} (?:of|on|from|with|using) (?:this|our|the) model\b|"
    r"\b(?:derivatives?|children|descendants|community|downstream|spin-?offs)\b|"
    r"\b(?:other|related|available|further|quantized|all) "
    r"(?:versions?|models?|variants?|formats?|checkpoints?|sizes?|quants?)\b"
)
HEADING = re.compile(r"^# ([^\n]{0,200})", re.MULTILINE)
ROW = (f"{ITEM} ", "|")


@dataclass(frozen=True, kw_only=True)
class Sections:
    """Where the parts of a card begin, in order, and whether each lists what was made of it."""

    lower: str
    begins: list[int]
    children: list[bool]

    @classmethod
    def of(cls, flat: Flat) -> Sections:
        """The parts of a card."""
        found = list(HEADING.finditer(flat.lower))
        return cls(
            lower=flat.lower,
            begins=[one.start() for one in found],
            children=[CHILDREN.search(one[1]) is not None for one in found],
        )

    def lists_child(self, at: int) -> bool:
        """Whether a place lies in a row of such a part."""
        number = bisect_right(self.begins, at) - 1
        if number < 0 or not self.children[number]:
            return False
        line = self.lower.rfind("\n", 0, at) + 1
        return self.lower.startswith(ROW, line)
