"""A list of tables that is written as one value, `models = [{ … }]`: where a pair may go in it.

Nothing here knows which row is meant: whoever edits takes the first candidate that reads so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

MOST_PLACES = 512
MOST_CLOSING = 16
"""How far behind its name an older value may end, counted in brackets and quotes."""


def candidates(text: str, span: tuple[int, int], new: str) -> Iterator[str]:
    """The text with the pair at each place in the span: in that of an older one of its name, then
    behind the others of a row; 512 of them."""
    places = islice((*_older(text, span, new), *_ends(text, span)), MOST_PLACES)
    for begin, end, comma in places:
        yield f"{text[:begin]}{comma}{new.strip()}{text[end:]}"


def _older(text: str, span: tuple[int, int], new: str) -> Iterator[tuple[int, int, str]]:
    """Where a pair of the same name may stand, as far as each bracket or quote behind it."""
    name = re.escape(new.partition("=")[0].strip())
    for found in re.compile(rf"{name}\s*=\s*").finditer(text, *span):
        closing = (at for at in range(found.end() + 1, span[1]) if text[at] in "]\"'}")
        yield from ((found.start(), at + 1, "") for at in islice(closing, MOST_CLOSING))


def _ends(text: str, span: tuple[int, int]) -> Iterator[tuple[int, int, str]]:
    """The ends of rows, and what stands between the pair and those before it."""
    for end in (at for at in range(*span) if text[at] == "}"):
        held = len(text[:end].rstrip())
        comma = " " if text[:held].endswith(("{", ",")) else ", "
        yield held, held, comma
