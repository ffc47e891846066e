"""CODEOWNERS as GitHub reads it: whose review a change of a path needs.

Source: docs.github.com, "About code owners". The library `codeowners` is not used: it reads ranges,
which GitHub does not, raises for `[x`, and finds an owner in the comment after a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks; the first that is there counts."""
MOST = 3 << 20
"""Bytes; GitHub loads no file above."""

_WORD = re.compile(r"(?:\\.|\S)+")
_OWNER = re.compile(r"@[A-Za-z0-9][\w-]*(?:/[\w.-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+", re.ASCII)
_UNREAD = re.compile(r"!|\\#|.*[\[\]]")


@dataclass(frozen=True, slots=True)
class Ownership:
    """The lines of a CODEOWNERS file: a pattern, and who owns what it matches."""

    lines: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = ()

    @classmethod
    def of(cls, data: bytes) -> Ownership:
        """What a file says; nothing where it is larger than GitHub loads."""
        text = data.decode("utf-8", "replace") if len(data) <= MOST else ""
        return cls(tuple(_lines(text)))

    def owners(self, path: str) -> frozenset[str]:
        """Who owns a path by the last line that matches it; a word that is no owner is nobody."""
        for pattern, owners in reversed(self.lines):
            if pattern.fullmatch(path):
                return owners
        return frozenset()


def _lines(text: str) -> Iterator[tuple[re.Pattern[str], frozenset[str]]]:
    for line in text.splitlines():
        words = []
        for word in _WORD.findall(line):
            if word.startswith("#"):
                break
            words.append(word)
        if words and not _UNREAD.match(words[0]):
            owners = frozenset(word for word in words[1:] if _OWNER.fullmatch(word))
            yield re.compile(_expression(words[0]), re.DOTALL), owners


def _expression(pattern: str) -> str:
    """The pattern as a regular expression over a whole path.

    With a slash before its end it starts at the top, else at any folder. What it names is a file
    or everything in a folder; a last `*` is a file alone.
    """
    anchored = "/" in pattern.rstrip("/")
    *folders, last = pattern.strip("/").split("/")
    start = "" if anchored else "(?:.*/)?"
    above = "".join("(?:[^/]+/)*" if part == "**" else _part(part) + "/" for part in folders)
    if pattern.endswith("/"):
        return f"{start}{above}{'.*' if last == '**' else _part(last)}/.+"
    if last in ("*", "**"):
        return f"{start}{above}{'.+' if last == '**' else '[^/]+'}"
    return f"{start}{above}{_part(last)}(?:/.+)?"


def _part(text: str) -> str:
    """One part of a path: `*` and `?` do not cross a slash, a backslash takes the next as it is."""
    found = re.findall(r"\\.|.", text, re.DOTALL)
    special = {"*": "[^/]*", "?": "[^/]"}
    return "".join(special.get(one) or re.escape(one[-1]) for one in found)
