"""A line of words on stderr, as wide as the terminal is; as it is where there is none."""

from __future__ import annotations

import re
import shutil
import sys

import click

WORD = re.compile(r"(?:`[^`\n]*`|[^\s`]|`)+")
"""What is never broken: what stands between backquotes, to be typed, and whatever has no space."""
INDENT = "  "


def notice(text: str) -> None:
    """The text on stderr, folded at the width of the terminal that this is."""
    if sys.stderr.isatty():
        text = wrapped(text, shutil.get_terminal_size((100, 24)).columns)
    click.echo(text, err=True)


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
