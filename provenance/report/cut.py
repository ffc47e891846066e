"""A text in Markdown that is too long for where it goes, cut so that what is left is whole."""

from __future__ import annotations

import re

FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
DETAILS = re.compile(r"</?details\b")
ROOM = 2_000
"""Bytes for what ends the text."""


def within(text: str, most: int, rest: str) -> str:
    """The text in at most `most` bytes, cut behind a line.

    Where it is cut, its code block and folds are closed, and it says so, and `rest`: where
    everything is.
    """
    size = len(text.encode())
    if size <= most:
        return text
    kept: list[str] = []
    room = most - ROOM - len(rest.encode())
    for line in text.splitlines():
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    said = f"**Cut here: {size} bytes are more than fit.** {rest}"
    return "\n".join([*kept, *_ends(kept), "", said]) + "\n"


def _ends(lines: list[str]) -> list[str]:
    """What closes the code block and the folds that are open behind these lines."""
    fence, folds = "", 0
    for line in lines:
        found = FENCE.fullmatch(line)
        if not fence and found:
            fence = found[1]
        elif fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
        else:
            folds += sum(1 if tag == "<details" else -1 for tag in DETAILS.findall(line))
    closing = [fence] if fence else []
    return [*closing, *[line for _ in range(folds) for line in ("", "</details>")]]
