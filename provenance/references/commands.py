"""References in a command line: words that a server or a downloader is started with.

Pure over words, wherever they stand: a shell script, a list of YAML, a Dockerfile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from provenance.references.naming import Named, named
from provenance.references.programs import FOLDER, OTHER, PROGRAMS, REVISION, Program
from provenance.references.reference import COMMIT, Reference, Splice

VLLM = "vllm serve"
DYNAMIC = "\0"
"""Stands in a word for what only a run could tell."""
NOWHERE = -1
BUILT = "the name is built at run time"
VALUED = (
    *("--served-model-name", "--lora-modules", "--hf-config-path", "--hf-token", "--chat-template"),
    *("--local-dir", "--cache-dir", "--repo-type", "--revision", "--token", "--include"),
    *("--exclude", "--download-dir", "--tokenizer-revision", "--code-revision"),
)
"""Options whose value looks as a name does, and is none of a model to load."""
RUNNERS = re.compile(r"(?:.*/)?(?:python[\d.]*|torchrun|accelerate|deepspeed|uv|poetry)|-.*")
"""Programs that run another, and lists that begin without one."""
WRAPPERS = ("exec", "sudo", "nohup", "time", "env", "command")
ASSIGNMENT = re.compile(r"\w+=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """How an argument is put behind a word: at a character `lead`, flag, `glue`, value, `trail`."""

    at: int
    lead: str = " "
    glue: str = " "
    trail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One argument: its text, the character of the file that each of its own is, and its line."""

    text: str
    at: tuple[int, ...]
    line: int
    follow: Follow | None = None

    def behind(self, count: int) -> Word:
        """The word without its first characters."""
        return replace(self, text=self.text[count:], at=self.at[count:])

    def place(self, length: int) -> tuple[int, int] | None:
        """The span of what stands from this character of it on, if it stands there as it is."""
        own = self.at[length:]
        if not own or NOWHERE in own or own[-1] - own[0] != len(own) - 1:
            return None
        return own[0], own[-1] + 1


OTHER_REVISIONS = (REVISION, "--model-revision")


def references(words: Sequence[Word], image: str = "") -> tuple[Reference, ...]:
    """What one command loads by name; `image` is the container that it is given to, if any."""
    program = _program(words, image)
    command = Command(words=words, program=program, image=image)
    return (*_read(command), *(_vllm(command) if program.name == VLLM else ()))


def _program(words: Sequence[Word], image: str) -> Program:
    for program in PROGRAMS:
        if any(program.mark.search(word.text) for word in words) or (
            image and program.mark.search(image)
        ):
            return program
    return OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line, and the program that it starts."""

    words: Sequence[Word]
    program: Program
    image: str

    def option(self, flag: str) -> Word | None:
        """The value of an option, given as one word or two; `_` counts as `-`."""
        for number, word in enumerate(self.words):
            name, equals, _ = word.text.partition("=")
            if _flag(name) != flag:
                continue
            if equals:
                return word.behind(len(name) + 1)
            return self.words[number + 1] if number + 1 < len(self.words) else None
        return None

    def options(self, flag: str) -> Sequence[Word]:
        """The values of an option that takes several."""
        texts = [_flag(word.text) for word in self.words]
        if flag not in texts:
            return ()
        rest = self.words[texts.index(flag) + 1 :]
        ends = [n for n, word in enumerate(rest) if word.text.startswith("-")]
        return rest[: ends[0]] if ends else rest

    def positional(self) -> Word | None:
        """The name that stands without a flag: behind a verb, or first where the image has it."""
        texts = [word.text for word in self.words]
        verbs = [texts.index(verb) for verb in self.program.verbs if verb in texts]
        if not verbs:
            first = self.words[0] if self.words and self.image and self.program.verbs else None
            return first if first and _is_name(first) and _whole(first) else None
        rest = self.words[verbs[0] + 1 :]
        for number, word in enumerate(rest):
            before = rest[number - 1].text if number else ""
            if _is_name(word) and (not _is_flag(before) or self._stands_alone(before, word)):
                return word
        return None

    def _stands_alone(self, before: str, word: Word) -> bool:
        """Whether a name behind a flag is not its value."""
        naming = [flag for flag, _ in self.program.flags]
        return _whole(word) and _flag(before) not in (*naming, *VALUED)


def _flag(name: str) -> str:
    return name.replace("_", "-") if name.startswith("--") else name


def _is_flag(text: str) -> bool:
    return text.startswith("-") and "=" not in text


def _is_name(word: Word) -> bool:
    return not word.text.startswith("-") and bool(word.text)


def _whole(word: Word) -> bool:
    name = named(word.text)
    return name is not None and name.whole


def _read(command: Command) -> Iterator[Reference]:
    program = command.program
    word = command.positional()
    if word is not None:
        yield from _reference(command, word, REVISION if program.certain else "")
    for flag, pin in program.flags:
        value = command.option(flag)
        if value is not None and (program is not OTHER or _other_names(command, value)):
            own = replace(command, program=replace(program, hand=_hand(program, pin)))
            yield from _reference(own, value, pin)


def _vllm(command: Command) -> Iterator[Reference]:
    """What vLLM is told to load besides its model: a draft in JSON, and adapters by name."""
    draft = command.option("--speculative-config")
    if draft:
        yield from _draft(Reference(line=draft.line, by=f"{VLLM} --speculative-config"), draft)
    for word in command.options("--lora-modules"):
        name = named(word.text.partition("=")[2])
        if name and name.whole:
            hand = f"{FOLDER}folder: NAME=FOLDER"
            by = f"{VLLM} --lora-modules"
            yield Reference(line=word.line, by=by, repo=name.repo, hand=hand)


def _draft(base: Reference, word: Word) -> Iterator[Reference]:
    try:
        table = json.loads(word.text)
    except (ValueError, RecursionError):
        yield replace(base, unknown=f"{BUILT}: {_shown(word)}")
        return
    text = table.get("model") if isinstance(table, dict) else None
    name = named(text) if isinstance(text, str) else None
    if name:
        revision = str(table.get("revision") or "")
        yield replace(base, repo=name.repo, revision=revision, hand=f'"revision": "{COMMIT}"')


def _hand(program: Program, pin: str) -> str:
    return f"{pin} {COMMIT}" if pin and program.certain else program.hand


def _other_names(command: Command, value: Word) -> bool:
    """Whether what an unknown program is given as a model names one on a Hub, or may."""
    if DYNAMIC in value.text:
        return bool(RUNNERS.fullmatch(command.words[0].text))
    return _whole(value)


def _reference(command: Command, word: Word, pin: str) -> Iterator[Reference]:
    program = command.program
    base = Reference(line=word.line, by=program.name, hand=program.hand, aside=_aside(command))
    if DYNAMIC in word.text:
        yield replace(base, unknown=f"{BUILT}: {_shown(word)}")
        return
    name = named(word.text.removeprefix("hf.co/"), mark=program.tag)
    if name is None or (program.name == "ollama" and not word.text.startswith("hf.co/")):
        return
    if not name.whole and not _begins(command):
        return
    yield _pinned(command, replace(base, repo=name.repo), name, word, pin)


def _begins(command: Command) -> bool:
    """Whether this is a command and no sentence: it begins with the program, or with arguments."""
    first = [word.text for word in command.words if not ASSIGNMENT.match(word.text)][:2]
    begins = first[1:] if first and first[0] in WRAPPERS else first
    return any(RUNNERS.fullmatch(text) or command.program.mark.search(text) for text in begins[:1])


def _pinned(command: Command, base: Reference, name: Named, word: Word, pin: str) -> Reference:
    flags = (pin,) if command.program is not OTHER else OTHER_REVISIONS
    value = next((found for flag in flags if flag and (found := command.option(flag))), None)
    if value is not None and DYNAMIC in value.text:
        return replace(base, unknown=f"the revision is built at run time: {_shown(value)}")
    revision = value.text if value else name.revision * (command.program.tag == "@")
    splice = _splice(word, value, pin) if pin and command.program.certain else None
    return replace(base, revision=revision, splice=splice)


def _splice(word: Word, value: Word | None, pin: str) -> Splice | None:
    if value is not None:
        place = value.place(0)
        return Splice(start=place[0], end=place[1]) if place else None
    if (follow := word.follow) is None:
        return None
    before = f"{follow.lead}{pin}{follow.glue}"
    return Splice(start=follow.at, end=follow.at, before=before, after=follow.trail)


def _aside(command: Command) -> bool:
    kind = command.option("--repo-type")
    return kind is not None and kind.text != "model"


def _shown(word: Word) -> str:
    return word.text.replace(DYNAMIC, "…")[:60]
