"""What a page shows of a card as code, and what it hides: blocks of code and comments.

Whichever begins first holds the other, as in a browser: a fence within a comment opens nothing, and
what stands in code within a line is no comment. What has no end is neither.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field

LEAD = r"[ \t>]{0,40}(?:(?:[*+-]|\d{1,3}[.)])[ \t]{1,4})?"
FENCE = rf"^(?P<lead>{LEAD})(?P<fence>`{{3,}}(?=[^`\n]*$)|~{{3,}})[^\n]*$"
TOKEN = re.compile(rf"{FENCE}|\\[\\`<]|(?P<ticks>`+)|(?P<comment><!--)", re.MULTILINE)
LINE = re.compile(r"^([ \t>]*)([^\n]*)(?:\n|\Z)", re.MULTILINE)
BEGIN = re.compile(LEAD)
ITEM = re.compile(r"[ \t>]{0,40}(?:[*+-]|\d{1,3}[.)])[ \t]")
TICKS = re.compile("`+")
BREAK = re.compile(r"\n[ \t>]{0,40}(?:\n|```|~~~|<!--)")
"""What ends a paragraph, and with it the code in its lines."""
END = re.compile(r"--!?>")
INLINE_END = re.compile(r"--!?>|\n[ \t>]{0,40}\n")
REVISION = re.compile(r"<!--[ \t]{0,4}at revision [0-9a-f]{40}[ \t]{0,4}-->")
LONGEST = 20
"""Of how many strokes the marks of code within a line are at most."""
MAX_BACK = 200
"""How many lines above a fence are looked at for the list that holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fenced:
    """The text of a block of code, and how many lines stand above it."""

    text: str
    above: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The words of a text, with empty lines for what is no word, and its blocks of code."""

    words: str
    fenced: tuple[Fenced, ...]


def blank(text: str) -> str:
    """As many empty lines as a text has."""
    return "\n" * text.count("\n")


def page(text: str) -> Page:
    """The words and the blocks of code of a text; comments that give a revision are words."""
    reader = _Reader(text=text)
    reader.read()
    words = "".join([*reader.parts, text[reader.at :]])
    return Page(words=words, fenced=tuple(reader.fenced))


@dataclass(slots=True, kw_only=True)
class _Reader:
    text: str
    at: int = 0
    next: int = 0
    parts: list[str] = field(default_factory=list)
    fenced: list[Fenced] = field(default_factory=list)
    ticks: dict[int, list[int]] = field(default_factory=dict)
    endless: dict[str, int] = field(default_factory=dict)
    counted: tuple[int, int] = (0, 0)
    broken: int = 0
    ended: bool = False

    def read(self) -> None:
        """Everything, from token to token."""
        for run in TICKS.finditer(self.text):
            self.ticks.setdefault(len(run[0]), []).append(run.start())
        while found := TOKEN.search(self.text, self.next):
            self.next = found.end()
            if found["fence"]:
                self._fence(found)
            elif found["ticks"]:
                self._code(found)
            elif found["comment"]:
                self._comment(found.start())

    def _leave(self, begin: int, end: int, kept: str = "") -> None:
        """Empty lines, or what is kept, for what stands between two places."""
        self.parts += [self.text[self.at : begin], kept or blank(self.text[begin:end])]
        self.at = self.next = end

    def _fence(self, found: re.Match[str]) -> None:
        mark = found["fence"]
        offset = self._offset(found)
        if offset is None or len(mark) >= self.endless.get(mark[0], len(self.text)):
            self.next = found.end("fence")
            return
        begin = min(found.end() + 1, len(self.text))
        last, end = self._end(begin, mark, found["lead"].count(">"), offset)
        if end >= 0 or mark[0] not in self.endless:
            self._keep(begin, last, len(found["lead"]))
        if end < 0:
            self.endless[mark[0]] = len(mark)
            self.next = found.end("fence")
        else:
            self._leave(found.start(), end)

    def _keep(self, begin: int, end: int, lead: int) -> None:
        """One more block of code, without what leads its lines."""
        before, lines = self.counted
        above = lines + self.text.count("\n", before, begin)
        self.counted = (begin, above)
        text = re.sub(rf"^[ \t>]{{0,{lead}}}", "", self.text[begin:end], flags=re.MULTILINE)
        self.fenced.append(Fenced(text=text, above=above))

    def _offset(self, found: re.Match[str]) -> int | None:
        """How far the list that holds a fence is moved in; 0 without one, None for no fence."""
        lead = found["lead"]
        depth, wide = lead.count(">"), _width(lead)
        if ITEM.match(lead):
            return wide
        offset = self._listed(found.start(), depth, wide) if wide else 0
        return offset if wide - offset <= 3 else None

    def _listed(self, line: int, depth: int, wide: int) -> int:
        """How far the innermost list is moved in that holds a line so far in."""
        limit = wide
        for _ in range(MAX_BACK):
            if line <= 0 or limit <= 0:
                break
            end, line = line - 1, self.text.rfind("\n", 0, line - 1) + 1
            lead = found[0] if (found := BEGIN.match(self.text, line, end)) else ""
            moved = _moved(lead, depth)
            if moved >= limit or not self.text[line:end].strip(" \t>"):
                continue
            if ITEM.match(lead) and _width(lead) <= wide:
                return _width(lead)
            limit = moved
        return 0

    def _end(self, begin: int, mark: str, depth: int, offset: int) -> tuple[int, int]:
        """Where the code of a block ends, and where the block does; -1 if nothing ends it."""
        for line in LINE.finditer(self.text, begin):
            lead, rest = line[1], line[2].rstrip()
            moved = _moved(lead, depth)
            if lead.count(">") < depth or (rest and moved < offset):
                return line.start(), line.start()
            if rest.startswith(mark) and not rest.strip(mark[0]) and moved <= offset + 3:
                return line.start(), line.end(2)
        size = len(self.text)
        return size, size if depth or offset else -1

    def _code(self, found: re.Match[str]) -> None:
        """Code within a line: whatever stands in it, no comment begins there."""
        size = len(found[0])
        runs = self.ticks[size]
        number = bisect_left(runs, found.end())
        closed = size <= LONGEST and number < len(runs)
        if closed and not BREAK.search(self.text, found.end(), runs[number]):
            self.next = runs[number] + size

    def _comment(self, begin: int) -> None:
        if self.ended or begin < self.broken:
            return
        line = self.text.rfind("\n", max(0, begin - 60), begin) + 1
        first = (line or begin < 60) and BEGIN.fullmatch(self.text, line, begin)
        end = (END if first else INLINE_END).search(self.text, begin + 2)
        if end is None:
            self.ended, self.broken = bool(first), len(self.text)
        elif end[0].startswith("\n"):
            self.broken = end.start()
        else:
            comment = self.text[begin : end.end()]
            kept = comment if REVISION.fullmatch(comment) else ""
            self._leave(begin, end.end(), kept)


def _width(lead: str) -> int:
    """How far a line is moved in that begins so, behind the marks of quotations."""
    _, quoted, inner = lead.rpartition(">")
    return len((inner.removeprefix(" ") if quoted else inner).expandtabs(4))


def _moved(lead: str, depth: int) -> int:
    """How far a line is moved in, within so many quotations."""
    for _ in range(depth):
        lead = lead.partition(">")[2]
    if depth:
        lead = lead.removeprefix(" ")
    spaces = lead.expandtabs(4)
    return len(spaces) - len(spaces.lstrip(" "))
