"""References in shell texts: scripts, and the commands inside of other files.

Variables that the text itself sets once, to a constant, are followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from provenance.references import commands
from provenance.references.commands import DYNAMIC, Word
from provenance.references.naming import named
from provenance.references.reference import COMMIT, Reference
from provenance.references.words import HEREDOC, split

SET = re.compile(
    r"^[ \t]*(?:(?:export|readonly|local|declare|ARG|ENV)[ \t]+)?(\w+)="
    r"(?:\"([^\"$`\\\n]*)\"|'([^'\n]*)'|([^\s\"'$`;&|()\\]*))[ \t]*(?:[;#].*|\\?\r?)$",
    re.MULTILINE,
)
BINDS = re.compile(r"(?<![\w$-])(\w+)\+?=|\b(?:for|read)[ \t]+(?:-\w[ \t]+)*(\w+)")
PYTHON = re.compile(
    r"\b(?:from_pretrained|snapshot_download|hf_hub_download|SentenceTransformer)[ \t]*\("
)
LOADS = re.compile(
    r"\bvllm\s+serve\b|\b(?:hf|huggingface-cli)\s+download\b|--model(?:-id|-path)?[ =,\"']"
    r"|\bllama-\w+.*-hf|MODEL_ID|hf://|hf\.co/"
)
"""What a text says that would be read as a command, if it is one."""
ENVIRONMENT = re.compile(r"(?:-e)?MODEL_ID=")


def references(text: str) -> tuple[Reference, ...]:
    """What a script loads by name, in the order of its lines; Malformed."""
    found = [
        one
        for words in split(text, 0, len(text), variables=constants(text))
        for one in of_command(words, text)
    ]
    found += [*python_inside(text), *texts_inside(text)]
    return tuple(sorted(found, key=lambda one: one.line))


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


def texts_inside(text: str) -> Iterator[Reference]:
    """Texts that a script hands to another program (`<<EOF`), which are not read: unknown."""
    place = 0
    while found := HEREDOC.search(text, place):
        place = heredoc_end(text, found)
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if before.strip().upper() == "RUN":  # of a Dockerfile: the script itself, which is read
            continue
        if loads := LOADS.search(text, found.end(), place):
            line = text.count("\n", 0, loads.start()) + 1
            reason = "a text inside of a script is not read: put it into a file of its own"
            yield Reference(line=line, by=f"<<{found[2]}", unknown=reason)


def heredoc_end(text: str, found: re.Match[str]) -> int:
    """Where the text that `<<MARK` begins ends: behind its mark, or with all."""
    closing = re.compile(rf"^[ \t]*{found[2]}[ \t]*\r?$", re.MULTILINE)
    end = closing.search(text, found.end())
    return end.end() if end else len(text)


def constants(text: str) -> Mapping[str, str]:
    """The variables that a text sets once, and to a constant."""
    bound = [found[1] or found[2] for found in BINDS.finditer(text)]
    return {
        found[1]: found[2] or found[3] or found[4] or ""
        for found in SET.finditer(text)
        if bound.count(found[1]) == 1
    }
