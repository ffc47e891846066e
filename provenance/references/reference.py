"""What a file of the caller's loads by name: values, without any file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

COMMIT = "COMMIT"
"""Stands for the commit in the words that say how a reference is pinned by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """How a file is pinned: `before`, the commit and `after` take the place of its characters from
    `start` up to `end`."""

    start: int
    end: int
    before: str = ""
    after: str = ""

    def text(self, commit: str) -> str:
        """What stands in the file afterwards."""
        return f"{self.before}{commit}{self.after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One place in a file at which something is loaded by name.

    `by` is what loads it. `repo` is empty where the name is not known, and `unknown` says why it,
    or the revision, is not known; `built` is the expression of a name that only a run can tell.
    `revision` is empty where none stands there. `splice` is where the commit goes if that is
    certain; `code` is the revision for code of another repository where that is run, empty for its
    branch; `hand` is what to type, with `COMMIT` for the commit. `note` is what else a person has
    to see to. What is `aside` (a data set) is told and asks for nothing.
    """

    line: int
    by: str
    repo: str = ""
    revision: str = ""
    unknown: str = ""
    built: str = ""
    splice: Splice | None = None
    hand: str = ""
    note: str = ""
    code: str | None = None
    aside: bool = False


def spliced(text: str, edits: Iterable[tuple[Splice, str]]) -> str:
    """The text with each commit in its place; the edits do not overlap."""
    for splice, commit in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        text = text[: splice.start] + splice.text(commit) + text[splice.end :]
    return text


def spans(edits: Iterable[tuple[Splice, str]]) -> tuple[list[tuple[int, int]], ...]:
    """What the edits take out of the text, and what they put into the one that comes of it."""
    before, after, shift = list[tuple[int, int]](), list[tuple[int, int]](), 0
    for splice, commit in sorted(edits, key=lambda edit: edit[0].start):
        length = len(splice.text(commit))
        before.append((splice.start, splice.end))
        after.append((splice.start + shift, splice.start + shift + length))
        shift += length - (splice.end - splice.start)
    return before, after
