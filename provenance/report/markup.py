"""Texts of others' inside GitHub Flavored Markdown, where none of them is taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from provenance.report.common import printable

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
BACKTICKS = re.compile("`+")
ZERO_WIDTH = "\u200b"
"""Behind an @ or # that GitHub would make a mention of somebody, or a link to an issue."""
MENTION = re.compile(r"(?<!\w)@|#")


def plain(text: str) -> str:
    """The text on one line as it is, its punctuation escaped (CommonMark, section 2.4)."""
    return PUNCTUATION.sub(r"\\\1", _nobody(printable(text)))


def code(text: str) -> str:
    """The text as a code span, which holds in a table too (CommonMark, section 6.1)."""
    shown = printable(text).replace("|", "\\|") or " "
    longest = max((len(run) for run in BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}" if longest else f"{fence}{shown}{fence}"


def fenced(text: str, language: str) -> list[str]:
    """The lines as a code block that nothing in them ends."""
    longest = max((len(run) for run in BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = [printable(line) for line in text.splitlines()]
    return [f"{fence}{language}", *lines, fence]


def html(text: str) -> str:
    """A text inside an HTML block, where no Markdown counts (CommonMark, section 4.6)."""
    return escape(_nobody(printable(text)))


def folded(title: str, lines: Iterable[str]) -> list[str]:
    """The lines behind a title, which is HTML, that one opens with a click."""
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]


def _nobody(text: str) -> str:
    """The text, in which nobody is mentioned and nothing linked to."""
    return MENTION.sub(lambda match: match[0] + ZERO_WIDTH, text)
