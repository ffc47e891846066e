"""Words as wide as a terminal is, where what is to be typed stays whole."""

from __future__ import annotations

import re

WORD = re.compile(r"(?:`[^`\n]*`|[^\s`]|`)+")
"""What is never broken: what stands between backquotes, to be typed, and whatever has no space."""
INDENT = "  "


def wrapped(text: str, width: int) -> str:
    """Each line of the text on lines of that width, the later ones indented; pure."""
    return "\n".join(_folded(line, width) for line in text.split("\n"))


def _folded(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    margin = line[: len(line) - len(line.lstrip())]
    lines, now = [], margin
    for word in WORD.findall(line):
        if now.strip() and len(now) + 1 + len(word) > width:
            lines.append(now)
            now = margin + INDENT + word
        else:
            now += f" {word}" if now.strip() else word
    return "\n".join([*lines, now])
