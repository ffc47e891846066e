"""Links by reference: where the lines lead that a card defines for its links, and who uses them."""

from __future__ import annotations

import re

from provenance.claims.card.blocks import blank

DEFINITION = re.compile(
    r"^ {0,3}\[(?!\^)([^\[\]\n]{1,100})\]:[ \t]{0,4}(?:\n[ \t]{0,9})?"
    r"<?([^\s<>]{1,600})>?[^\n]{0,300}",
    re.MULTILINE,
)
SHORT = re.compile(r"(?<![\]!\\])\[([^\[\]]{1,100})\](?![\[(:])")


def resolved(text: str) -> tuple[str, dict[str, str]]:
    """The text without its definitions, its short references written out; and where each leads.

    A line that goes on with a paragraph is none of a definition: it is shown.
    """
    if "]:" not in text:
        return text, {}
    links: dict[str, str] = {}
    parts, at, last = [], 0, 0
    for found in DEFINITION.finditer(text):
        links.setdefault(key(found[1]), found[2])
        begin = found.start()
        if begin <= last + 1 or text[max(0, begin - 2) : begin] == "\n\n":
            parts += [text[at:begin], blank(found[0])]
            at = last = found.end()
    rest = "".join([*parts, text[at:]])
    return SHORT.sub(lambda one: one[0] + f"[{one[1]}]" * (key(one[1]) in links), rest), links


def key(label: str) -> str:
    """A label as labels are compared."""
    return " ".join(label.split()).casefold()
