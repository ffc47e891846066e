"""References in a Dockerfile: what its build downloads, and what its container starts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provenance.references import commands, shell
from provenance.references.commands import Follow, Word
from provenance.references.reference import Reference
from provenance.references.words import HEREDOC, split

INSTRUCTION = re.compile(
    r"^[ \t]*(?:ONBUILD[ \t]+)?(FROM|RUN|CMD|ENTRYPOINT|ENV|ARG)[ \t]+",
    re.MULTILINE | re.IGNORECASE,
)
CONTINUED = re.compile(r"\\[ \t]*\r?$")
COMMENT = re.compile(r"[ \t]*#")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
STARTS = ("ENTRYPOINT", "CMD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, and where what it is given begins and ends."""

    name: str
    start: int
    end: int


def references(text: str) -> tuple[Reference, ...]:
    """What a Dockerfile loads by name, in the order of its lines; Malformed."""
    found = [*_references(text), *shell.python_inside(text), *shell.texts_inside(text)]
    return tuple(sorted(found, key=lambda one: one.line))


def _references(text: str) -> Iterator[Reference]:
    known, image = shell.constants(text), ""
    start: dict[str, list[Word]] = {}
    for one in _instructions(text):
        listed = _listed(text, one)
        if one.name == "FROM":
            yield from _started(start, image)
            image, start = text[one.start : one.end].strip(), {}
        elif listed is not None and one.name in STARTS:
            start[one.name] = listed
        elif listed is not None:
            yield from commands.references(listed)
        else:
            given = image if one.name in STARTS else ""
            yield from _shell(text, one, known, given)
        for word in listed or ():
            yield from _inside(text, word)
    yield from _started(start, image)


def _started(start: dict[str, list[Word]], image: str) -> Iterator[Reference]:
    """What the last ENTRYPOINT of a stage with its last CMD loads."""
    words = [word for name in STARTS for word in start.get(name, ())]
    yield from commands.references(words, image) if words else ()


def _shell(
    text: str, one: Instruction, known: Mapping[str, str], image: str
) -> Iterator[Reference]:
    own = HEREDOC.match(text, one.start, one.end)
    start = text.find("\n", one.start) + 1 if own else one.start
    for words in split(text, start, one.end, lines=bool(own), variables=known):
        if one.name in ("ENV", "ARG"):
            yield from _variable(words, known)
        else:
            yield from shell.of_command(words, text, image)


def _variable(words: list[Word], known: Mapping[str, str]) -> Iterator[Reference]:
    """`ENV MODEL_ID=org/name`, and the old form with a space."""
    revision = known.get("REVISION", "")
    for word in words:
        if word.text.startswith("MODEL_ID="):
            yield from shell.variable(word.behind(len("MODEL_ID=")), revision)
    if len(words) > 1 and words[0].text == "MODEL_ID":
        yield from shell.variable(words[1], revision)


def _inside(text: str, word: Word) -> Iterator[Reference]:
    """What a word that is a whole command (of `sh -c`) loads."""
    place = word.place(0)
    if place and len(word.text.split()) > 1:
        for words in split(text, *place, lines=False):
            yield from shell.of_command(words, text)


def _instructions(text: str) -> Iterator[Instruction]:
    """The instructions that matter, each up to the end of the line that does not go on."""
    place = 0
    while found := INSTRUCTION.search(text, place):
        place = _end(text, found.end())
        yield Instruction(name=found[1].upper(), start=found.end(), end=place)


def _end(text: str, start: int) -> int:
    """The end of an instruction: behind its last line, or that of the texts that it brings."""
    place, marks = start, list[str]()
    while True:
        stop = text.find("\n", place)
        stop = len(text) if stop < 0 else stop
        line = text[place:stop]
        marks += [found[2] for found in HEREDOC.finditer(line)]
        goes_on = CONTINUED.search(line) or (place > start and COMMENT.match(line))
        place = stop + 1
        if stop >= len(text) or not goes_on:
            break
    for mark in marks:
        found = re.compile(rf"^[ \t]*{mark}[ \t]*\r?$", re.MULTILINE).search(text, stop)
        stop = found.end() if found else len(text)
    return min(stop, len(text))


def _listed(text: str, one: Instruction) -> list[Word] | None:
    """The words of `["a", "b"]`; None where it is not one of texts."""
    raw = text[one.start : one.end].strip()
    if not raw.startswith("["):
        return None
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return [_word(text, found) for found in STRING.finditer(text, one.start, one.end)]


def _word(text: str, found: re.Match[str]) -> Word:
    at = tuple(range(found.start(1), found.end(1)))
    line = text.count("\n", 0, found.start()) + 1
    follow = Follow(at=found.end(), lead=', "', glue="=", trail='"')
    return Word(text=found[1], at=at, line=line, follow=follow)
