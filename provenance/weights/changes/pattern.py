"""Regular expressions of others, matched with bounded work.

peft takes one for the names of modules, and whoever writes it may write one that takes `re` years.
Here each part is asked once for each place of a name, and all together so often at most. What is
read: characters and classes, groups, alternatives, repetitions, anchors, and looking ahead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LONGEST, DEEPEST, NAME, MOST = 2_000, 40, 400, 1_000
"""Characters of an expression, groups in each other, characters of a name, counted repetitions."""
WORK = 3_000_000
"""Places that parts may end at, of one expression for all names."""
CLASS = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]|\\[dDwWsS]|\.")
LITERAL = re.compile(r"(?:[^\\.\[\](){}?*+|^$]|\\[^\w])")
COUNTED = re.compile(r"\{(\d{1,4})?(,?)(\d{1,4})?\}")
TIMES = {"*": (0, None), "+": (1, None), "?": (0, 1)}
Ends = frozenset[int]
NOWHERE: Ends = frozenset()


@dataclass(kw_only=True)
class Place:
    """One name being matched: what each part was found to end at, and the work that is left."""

    text: str
    left: int
    known: dict[tuple[int, int], Ends] = field(default_factory=dict)

    def ends(self, part: Part, at: int) -> Ends:
        """Where a part may end that begins there."""
        key = id(part), at
        if key not in self.known:
            self.known[key] = part(self, at) if self.left > 0 else NOWHERE
        self.left -= 1 + len(self.known[key])
        return self.known[key]

    def after(self, part: Part, begins: Ends) -> Ends:
        """Where it may end that begins at one of these; nowhere once the work is done."""
        found: set[int] = set()
        for at in begins if self.left > 0 else ():
            found |= self.ends(part, at)
        return frozenset(found)


Part = Callable[[Place, int], Ends]


class Unfollowed(Exception):
    """An expression has a form that is not read here."""


class Pattern:
    """An expression; `unread` says why it cannot be followed, and then it matches nothing."""

    def __init__(self, text: str) -> None:
        self.unread = ""
        self._left = WORK
        try:
            self._whole = _Reader(text).whole()
        except Unfollowed as error:
            self.unread = f"the regular expression is not followed here: {error}"

    def matches(self, text: str) -> bool:
        """Whether the whole text has that form."""
        if self.unread or len(text) > NAME:
            return False
        place = Place(text=text, left=self._left)
        found = len(text) in place.ends(self._whole, 0)
        self._left = place.left
        return found


class _Reader:
    """An expression from its beginning on."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0
        if len(text) > LONGEST:
            raise Unfollowed(f"{len(text)} characters, at most {LONGEST}")

    def whole(self) -> Part:
        part = self._alternatives()
        if self._at < len(self._text):
            raise Unfollowed(f"at {self._text[self._at :][:20]!r}")
        return part

    def _takes(self, words: str) -> bool:
        found = self._text.startswith(words, self._at)
        self._at += len(words) if found else 0
        return found

    def _match(self, form: re.Pattern[str]) -> re.Match[str] | None:
        found = form.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found

    def _alternatives(self) -> Part:
        choices = [self._sequence()]
        while self._takes("|"):
            choices.append(self._sequence())
        return choices[0] if len(choices) == 1 else _any_of(choices)

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._one()))
        return _sequence(parts)

    def _one(self) -> Part:
        for words, part in ANCHORS.items():
            if self._takes(words):
                return part
        if self._takes("("):
            return self._group()
        if found := self._match(CLASS) or self._match(LITERAL):
            try:
                return _character(re.compile(found[0], re.DOTALL))
            except re.error as error:
                raise Unfollowed(str(error)) from None
        raise Unfollowed(f"at {self._text[self._at :][:20]!r}")

    def _group(self) -> Part:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unfollowed(f"more than {DEEPEST} groups in each other")
        ahead = next((words for words in ("?=", "?!") if self._takes(words)), "")
        if not ahead and not self._takes("?:") and self._text.startswith("?", self._at):
            raise Unfollowed(f"at {self._text[self._at - 1 :][:20]!r}")
        part = self._alternatives()
        if not self._takes(")"):
            raise Unfollowed("a group without its end")
        self._depth -= 1
        return _ahead(part, wanted=ahead == "?=") if ahead else part

    def _repeated(self, part: Part) -> Part:
        least, most = 1, None
        if found := next((TIMES[sign] for sign in TIMES if self._takes(sign)), None):
            least, most = found
        elif counted := self._match(COUNTED):
            least = int(counted[1] or 0)
            most = int(counted[3]) if counted[3] else (None if counted[2] else least)
        else:
            return part
        if max(least, most or 0) > MOST or self._takes("+"):
            raise Unfollowed("repetitions of a form that is not read")
        self._takes("?")
        return _times(part, least, most)


def _character(form: re.Pattern[str]) -> Part:
    def ends(place: Place, at: int) -> Ends:
        return frozenset((at + 1,)) if form.match(place.text, at) else NOWHERE

    return ends


def _sequence(parts: Sequence[Part]) -> Part:
    def ends(place: Place, at: int) -> Ends:
        found = frozenset((at,))
        for part in parts:
            found = place.after(part, found)
            if not found:
                break
        return found

    return ends


def _any_of(parts: Sequence[Part]) -> Part:
    def ends(place: Place, at: int) -> Ends:
        return frozenset().union(*(place.ends(part, at) for part in parts))

    return ends


def _ahead(part: Part, *, wanted: bool) -> Part:
    def ends(place: Place, at: int) -> Ends:
        return frozenset((at,)) if bool(place.ends(part, at)) is wanted else NOWHERE

    return ends


def _times(part: Part, least: int, most: int | None) -> Part:
    """A part again and again; beyond the least number, only as long as it comes to new places."""

    def ends(place: Place, at: int) -> Ends:
        new = frozenset((at,))
        for _ in range(least):
            new = place.after(part, new)
        found, count = new, least
        while new and (most is None or count < most):
            new = place.after(part, new) - found
            found, count = found | new, count + 1
        return found

    return ends


def _where(holds: Callable[[str, int], bool]) -> Part:
    def ends(place: Place, at: int) -> Ends:
        return frozenset((at,)) if holds(place.text, at) else NOWHERE

    return ends


WORD_EDGE = re.compile(r"\b")
ANCHORS = {
    "^": _where(lambda text, at: at == 0),
    "$": _where(lambda text, at: at == len(text)),
    r"\b": _where(lambda text, at: bool(WORD_EDGE.match(text, at))),
}
