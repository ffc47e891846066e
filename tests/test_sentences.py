"""What people read is in sentences that are easy for those whose English is not native."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance import manual
from tests.cli.test_options import COMMANDS

PACKAGE = Path(__file__).parent.parent / "provenance"
TELLING = frozenset(
    [
        "failed",
        "unknown",
        "passed",
        "skipped",
        "exempt",
        "ConfigError",
        "SourceError",
        "TrustError",
        "Malformed",
        "RegistryRefused",
        "Absent",
        "Unserved",
        "Unselected",
        "Refusal",
        "Unread",
        "Observation",
        "echo",
        "say",
        "wrong",
        "_problem",
        "_defect",
    ]
)
"""What is called with words that people read."""
TELLS = frozenset({"message", "said", "detail", "why", "reason", "words", "note", "doubt"})
"""What such words are called before."""
BANNED = re.compile(
    r"\b(?:as|by|of) whom\b|\bof which\b"
    r"|(?<!there )\b(?:is|are|was|were) no (?!longer\b)"
    r"|\bhad\b|\b(?:cannot|could not|to) be had\b"
    r"|\b(?:says|say|said|locked|do|does|did) so\b"
    r"|\bdoes it all the same\b|\bfor people\b|\bjudged by people\b",
    re.IGNORECASE,
)
"""`as whom`, `of which`, `is no X`, `had` for obtained, and `so` for what was said before."""


def text_of(node: ast.AST) -> str:
    """The words of a string, with a gap for each value in it."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "{}"


def strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string within, a formatted one as a whole."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.JoinedStr | ast.Constant):
            yield getattr(one, "lineno", 0), text_of(one)
        else:
            waiting += ast.iter_child_nodes(one)


def told(source: str) -> Iterator[tuple[int, str]]:
    """The line and the words of everything that a file tells people."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in TELLING:
                for argument in (*node.args, *(word.value for word in node.keywords)):
                    yield from strings(argument)
            case ast.Assign(targets=[ast.Name(id=name)]) if name in TELLS:
                yield from strings(node.value)


def hard(words: str) -> list[str]:
    return [match[0] for match in BANNED.finditer(" ".join(words.split()))]


FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def test_no_message_is_hard_to_read() -> None:
    found = [
        f"{file}:{line}: {words}"
        for file in FILES
        for line, words in told((PACKAGE / file).read_text())
        if hard(words)
    ]
    assert found == []


@pytest.mark.parametrize("words", COMMANDS)
def test_no_help_is_hard_to_read(words: str) -> None:
    command = COMMANDS[words]
    texts = [command.help or "", *(getattr(p, "help", None) or "" for p in command.params)]
    assert [text for text in texts if hard(text)] == []


@pytest.mark.parametrize("rule", manual.rules())
def test_no_rule_is_hard_to_read(rule: str) -> None:
    assert hard(manual.rules()[rule]) == []


SENTENCES = {
    "Sign keyless as whom this OIDC token names": ["as whom"],
    "changed here, by whom CODEOWNERS names": ["by whom"],
    "200 bytes, of which 100 were read": ["of which"],
    "{} is no folder": ["is no "],
    "there is no rule {}": [],
    "it is no longer named": [],
    "the identity token cannot be had": ["cannot be had"],
    "the entry it had": ["had"],
    "a place says so": ["says so"],
    "so that nothing is locked": [],
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_is_hard_to_read_is_found_and_nothing_else(sentence: str) -> None:
    assert hard(sentence) == SENTENCES[sentence]
