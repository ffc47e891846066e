"""References in shell texts: scripts, and the commands inside of other files.

The words are found as a POSIX shell splits them; nothing is run or expanded but variables that the
text itself sets once, to a constant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from provenance.errors import Malformed
from provenance.references import commands
from provenance.references.commands import DYNAMIC, NOWHERE, Follow, Word
from provenance.references.naming import named
from provenance.references.reference import COMMIT, Reference

SET = re.compile(
    r"^[ \t]*(?:(?:export|readonly|local|declare|ARG|ENV)[ \t]+)?(\w+)="
    r"(?:\"([^\"$`\\\n]*)\"|'([^'\n]*)'|([^\s\"'$`;&|()\\]*))[ \t]*(?:[;#].*|\\?\r?)$",
    re.MULTILINE,
)
BINDS = re.compile(r"(?<![\w$-])(\w+)\+?=|\b(?:for|read)[ \t]+(?:-\w[ \t]+)*(\w+)")
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
EXPANDED = re.compile(r"\$?\{\{.{0,400}?\}\}|\$\{[^}]{0,400}\}|\$\w+|\$[@*#?!$-]", re.DOTALL)
HEREDOC = re.compile(r"<<-?[ \t]*([\"']?)(\w+)\1")
SPACES, ENDS = " \t\r", ";&|()`"
PYTHON = re.compile(
    r"\b(?:from_pretrained|snapshot_download|hf_hub_download|SentenceTransformer)[ \t]*\("
)
ENVIRONMENT = re.compile(r"(?:-e)?MODEL_ID=")
DEEPEST = 4
LONGEST = 20_000
"""Characters of a command inside of another."""
BRACKETS = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|[()]", re.DOTALL)
PLAIN = re.compile(r"[^\s'\"\\$`;&|()<>#{]+")
PLAIN_IN_QUOTES = re.compile(r"[^\"\\$`{]+")


def references(text: str) -> tuple[Reference, ...]:
    """What a script loads by name, in the order of its lines; Malformed."""
    found = [
        one
        for words in split(text, 0, len(text), variables=constants(text))
        for one in of_command(words, text)
    ]
    return tuple(sorted((*found, *python_inside(text)), key=lambda one: one.line))


def of_command(words: list[Word], text: str, image: str = "") -> Iterator[Reference]:
    """What one command of a text loads by name, by its words or by its variables."""
    yield from commands.references(words, image)
    sets = [word for word in words if ENVIRONMENT.match(word.text)]
    if not sets or len(words) == 1 or "$MODEL_ID" in text or "${MODEL_ID" in text:
        return
    for word in sets:
        yield from variable(word.behind(word.text.index("=") + 1), revision_set(words))


def revision_set(words: list[Word]) -> str:
    """What `REVISION=` is set to beside it."""
    found = [word.text.partition("REVISION=") for word in words]
    return next((after for before, sep, after in found if sep and before in ("", "-e")), "")


def variable(word: Word, revision: str, hand: str = f"REVISION={COMMIT}") -> Iterator[Reference]:
    """What MODEL_ID names to servers that read it."""
    base = Reference(line=word.line, by="MODEL_ID", hand=f"{hand} beside MODEL_ID")
    if DYNAMIC in word.text or DYNAMIC in revision:
        yield replace(base, unknown=f"{commands.BUILT}: MODEL_ID")
    elif (name := named(word.text)) and name.whole:
        yield replace(base, repo=name.repo, revision=revision)


def python_inside(text: str) -> Iterator[Reference]:
    """Python inside of another text, which is not read: unknown."""
    for number, line in enumerate(text.split("\n"), 1):
        found = PYTHON.search(line)
        if found and not line.lstrip().startswith(("#", "//")):
            reason = "Python inside of another text is not read: put it into a file of its own"
            yield Reference(line=number, by=found[0].rstrip(" \t("), unknown=reason)


def constants(text: str) -> Mapping[str, str]:
    """The variables that a text sets once, and to a constant."""
    bound = [found[1] or found[2] for found in BINDS.finditer(text)]
    return {
        found[1]: found[2] or found[3] or found[4] or ""
        for found in SET.finditer(text)
        if bound.count(found[1]) == 1
    }


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
