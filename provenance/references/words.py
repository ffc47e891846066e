"""A text as a POSIX shell splits it: commands and their words, each with its place in the text.

Nothing is run, and nothing is expanded but variables whose values are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from provenance.errors import Malformed
from provenance.references.commands import DYNAMIC, NOWHERE, Follow, Word

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
EXPANDED = re.compile(r"\$?\{\{.{0,400}?\}\}|\$\{[^}]{0,400}\}|\$\w+|\$[@*#?!$-]", re.DOTALL)
HEREDOC = re.compile(r"<<-?[ \t]*([\"']?)(\w+)\1")
SPACES, ENDS = " \t\r", ";&|()`"
DEEPEST = 4
LONGEST = 20_000
"""Characters of a command inside of another."""
BRACKETS = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|[()]", re.DOTALL)
PLAIN = re.compile(r"[^\s'\"\\$`;&|()<>#{]+")
PLAIN_IN_QUOTES = re.compile(r"[^\"\\$`{]+")


def split(
    text: str,
    start: int,
    end: int,
    *,
    lines: bool = True,
    variables: Mapping[str, str] | None = None,
    depth: int = 0,
) -> list[list[Word]]:
    """The commands between two characters of a text, each as its words; Malformed.

    `lines` says that a line's end ends a command too.
    """
    if depth > DEEPEST:
        raise Malformed("commands nested too deep")
    splitter = _Splitter(
        text=text, at=start, end=end, lines=lines, variables=variables or {}, depth=depth
    )
    splitter.run()
    return [words for words in splitter.commands if words]


@dataclass(slots=True, kw_only=True)
class _Splitter:
    """A shell's reading of a text, character by character."""

    text: str
    at: int
    end: int
    lines: bool
    variables: Mapping[str, str]
    depth: int
    commands: list[list[Word]] = field(default_factory=lambda: [[]])
    letters: list[tuple[str, int]] = field(default_factory=list)
    begun: int = NOWHERE
    counted: tuple[int, int] = (0, 1)
    heredocs: list[str] = field(default_factory=list)

    def run(self) -> None:
        """All words of the text are in `commands`."""
        while self.at < self.end:
            self._step(self.text[self.at])
        self._close()

    def _step(self, sign: str) -> None:
        if sign == "\n":
            self._line_end()
        elif sign in SPACES:
            self._skip(1)
        elif sign in "<>":
            self._redirected()
        elif sign in ENDS and not self._expanded():
            self._skip(1)
            self.commands.append([])
        elif sign == "#" and self.begun == NOWHERE:
            line_end = self.text.find("\n", self.at, self.end)
            self.at = self.end if line_end < 0 else line_end
        else:
            self._letter(sign)

    def _letter(self, sign: str) -> None:
        self.begun = self.at if self.begun == NOWHERE else self.begun
        if self._run(PLAIN):
            return
        if sign == "'":
            stop = self._closing("'", self.at + 1)
            self._take(self.at + 1, stop)
            self.at = stop + 1
        elif sign == '"':
            self._quoted()
        elif sign == "\\":
            self._escaped()
        elif not self._expanded():
            self._take(self.at, self.at + 1)
            self.at += 1

    def _run(self, pattern: re.Pattern[str]) -> bool:
        """Whether characters that mean themselves stand here; they are taken."""
        found = pattern.match(self.text, self.at, self.end)
        if found:
            self._take(self.at, found.end())
            self.at = found.end()
        return found is not None

    def _take(self, start: int, stop: int) -> None:
        self.letters += [(self.text[place], place) for place in range(start, stop)]

    def _closing(self, sign: str, start: int) -> int:
        stop = self.text.find(sign, start, self.end)
        if stop < 0:
            line = self.text.count("\n", 0, start) + 1
            raise Malformed(f"a quote that begins at line {line} does not end")
        return stop

    def _quoted(self) -> None:
        self.at += 1
        stop = self._closing('"', self.at)
        while self.text[self.at] != '"':
            if self.text[self.at] == "\\" and self.text[self.at + 1 : self.at + 2] in '"\\$`\n':
                self._escaped()
            elif not self._run(PLAIN_IN_QUOTES) and not self._expanded():
                self._take(self.at, self.at + 1)
                self.at += 1
            if self.at >= self.end:
                self._closing('"', stop + 1)
                return
        self.at += 1

    def _escaped(self) -> None:
        """A backslash: before a line's end both are nothing, else the next character is itself."""
        after = self.text[self.at + 1 : self.at + 3]
        if after.startswith(("\n", "\r\n")):
            self.begun = self.begun if self.letters else NOWHERE
            self.at += 2 if after.startswith("\n") else 3
            return
        self._take(self.at + 1, min(self.at + 2, self.end))
        self.at += 2

    def _expanded(self) -> bool:
        """Whether an expansion stands here; its value is taken if the text itself sets it."""
        if self.text.startswith("$(", self.at) or self.text.startswith("`", self.at):
            return self._command()
        found = EXPANDED.match(self.text, self.at, self.end)
        if not found:
            return False
        self.begun = self.at if self.begun == NOWHERE else self.begun
        own = VARIABLE.fullmatch(found[0])
        value = self.variables.get(own[1] or own[2]) if own else None
        self.letters += [(sign, NOWHERE) for sign in (DYNAMIC if value is None else value)]
        self.at = found.end()
        return True

    def _command(self) -> bool:
        """`$(command)` is dynamic, and a command of its own."""
        tick = self.text[self.at] == "`"
        start = self.at + (1 if tick else 2)
        stop = self.text.find("`", start, self.end) if tick else self._parenthesis(start)
        if stop < 0:
            return False
        self.begun = self.at if self.begun == NOWHERE else self.begun
        inner = split(self.text, start, stop, variables=self.variables, depth=self.depth + 1)
        self.commands[-1:-1] = inner
        self.letters.append((DYNAMIC, NOWHERE))
        self.at = stop + 1
        return True

    def _parenthesis(self, start: int) -> int:
        """The parenthesis that closes the one before `start`; those in quotes are none."""
        depth = 1
        for found in BRACKETS.finditer(self.text, start, min(self.end, start + LONGEST)):
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if depth == 0:
                return found.start()
        line = self.text.count("\n", 0, start) + 1
        raise Malformed(f"a command in parentheses that begins at line {line} does not end")

    def _redirected(self) -> None:
        found = HEREDOC.match(self.text, self.at, self.end)
        self._skip(found.end() - self.at if found else 1)
        if found:
            self.heredocs.append(found[2])

    def _line_end(self) -> None:
        self._skip(1)
        if self.lines:
            self.commands.append([])
        while self.heredocs:
            self._heredoc(self.heredocs.pop(0))

    def _heredoc(self, mark: str) -> None:
        """What stands up to the mark is another text: passed over."""
        found = re.compile(rf"^[ \t]*{mark}[ \t]*\r?$", re.MULTILINE).search(
            self.text, self.at, self.end
        )
        self.at = found.end() if found else self.end

    def _skip(self, count: int) -> None:
        self._close()
        self.at += count

    def _close(self) -> None:
        if self.begun != NOWHERE:
            last, line = self.counted
            line += self.text.count("\n", last, self.begun)
            self.counted = (self.begun, line)
            letters = "".join(sign for sign, _ in self.letters)
            places = tuple(place for _, place in self.letters)
            follow = Follow(at=self.at)
            self.commands[-1].append(Word(text=letters, at=places, line=line, follow=follow))
        self.letters, self.begun = [], NOWHERE
