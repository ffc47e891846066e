"""Every pattern of the card reader, and the reader itself, over long texts that repeat one part.

`python -m tests.claims.hostile N` takes every fourth part from N on and ends by itself within the
processor time that test_hostile.py gives it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator

from provenance.claims import card as room
from provenance.claims.card import card
from provenance.model import Content, Kind

SIZE = 100_000
SHARES = 4
PARTS = (
    "a",
    " ",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "# ",
    "[",
    "![",
    "[a](",
    "[a]: ",
    "[a[b]",
    "![a](b)[",
    "`",
    "` `` ",
    "```a\n",
    "> ```a\n",
    "  - ```a\n",
    "<!--",
    "<!-- a --",
    "<a href=x>",
    "<a href=x><b>",
    "<td>",
    "&#45;",
    "&a",
    "\\",
    "**_",
    "/a",
    "acme/a-7b ",
    "acme/a-7b, ",
    "| acme/a-7b ",
    "https://hf.co/",
    "fine-tuned ",
    "fine-tuned version ",
    "a merge of ",
    "trained from ",
    "base model ",
    "base model: ",
    "the teacher ",
    "fine-tuned from acme/a-7b ",
    "\u3000\u0130",
    "---\nbase_model: a\n",
)


def patterns() -> Iterator[re.Pattern[str]]:
    """What the modules of the room have compiled and named."""
    for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            yield from _within(value)


def _within(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _within(one)


def main() -> None:
    """Reads its share once."""
    found = set(patterns())
    assert found
    for part in PARTS[int(sys.argv[1]) :: SHARES]:
        text = (part * SIZE)[:SIZE]
        for pattern in found:
            for _ in pattern.finditer(text):
                pass
        list(card(Content(path="README.md", kind=Kind.TEXT, head=text.encode())))


if __name__ == "__main__":
    main()
