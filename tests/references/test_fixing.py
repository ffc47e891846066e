"""Whatever surrounds a reference: a fix keeps every other byte, pins it, and a second changes
nothing. What is hostile ends in time."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.references import Document
from tests.references.cases import COMMIT, OTHER

NAMES = ("acme/bot", "acme/b.2", "x/y")
COMMENTS = st.sampled_from(["", "  # it", "  # é 日本", '  # \'revision="main"'])
ENDS = st.sampled_from(["\n", "\r\n"])
PYTHON = st.sampled_from(
    [
        'AutoModel.from_pretrained("{}")',
        "x = [AutoModel.from_pretrained('{}', revision='main'), 'é']",
        'AutoModel.from_pretrained("{}", **{{"a": 1}}) if 0 else 1',
        'f(AutoModel.from_pretrained("{}", revision=None))',
        'AutoModel.from_pretrained("{}", x=(lambda: 1))',
        'x = "日本"; AutoModel.from_pretrained("{}",)',
        "AutoModel.from_pretrained(args.model)",
        "y = 1",
    ]
)
SHELL = st.sampled_from(
    [
        "vllm serve {} --port 80",
        "vllm serve '{}' --revision main",
        'hf download "{}" && echo "é"',
        "python -m sglang.launch_server --model-path={}",
        "vllm serve $M",
        "echo 日本",
    ]
)
YAML = st.sampled_from(
    [
        "- command: [vllm, serve, '{}']",
        "- vllm serve {}",
        "- command: [vllm]\n  args:\n  - serve\n  - {}",
        "- storageUri: hf://{}",
        "- storageUri: 'hf://{}:main'",
        "- image: vllm\n  command: --model {} --revision main",
        "- x: é日本",
    ]
)


def text_of(lines: list[tuple[str, str, str]], head: str, end: str) -> str:
    made = [f"{line.format(name)}{comment}" for line, name, comment in lines]
    return (head + "\n".join(made) + "\n").replace("\n", end)


def parts(lines: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str, str]]]:
    return st.lists(st.tuples(lines, st.sampled_from(NAMES), COMMENTS), max_size=6)


def check(form: str, text: str) -> None:
    """The text fixed once is pinned and holds the text in its order; fixed twice it is the same."""
    document = Document.of(form, text.encode())
    edits = {n: COMMIT for n, one in enumerate(document.references) if one.splice}
    data, done = document.pinned(edits)
    assert done == frozenset(edits)
    if data is None:
        return
    again = Document.of(form, data)
    assert all(again.references[n].revision == COMMIT for n in edits)
    assert [one.repo for one in again.references] == [one.repo for one in document.references]
    kept = iter(again.text)
    assert all(sign in kept for sign in text.replace("main", "").replace("None", ""))
    second, _ = again.pinned({n: COMMIT for n, one in enumerate(again.references) if one.splice})
    assert second in (None, data)
    other, _ = again.pinned(dict.fromkeys(edits, OTHER))
    assert other is not None
    assert other.decode().replace(OTHER, COMMIT).encode() == data


@given(parts(PYTHON), ENDS)
def test_python_keeps_every_other_byte(lines: list[tuple[str, str, str]], end: str) -> None:
    check("Python", text_of(lines, "from transformers import AutoModel\n", end))


@given(parts(SHELL), ENDS)
def test_a_script_keeps_every_other_byte(lines: list[tuple[str, str, str]], end: str) -> None:
    check("shell", text_of(lines, "#!/bin/sh\n", end))


@given(parts(YAML), ENDS)
def test_yaml_keeps_every_other_byte(lines: list[tuple[str, str, str]], end: str) -> None:
    check("YAML", text_of(lines, "# it\n", end))


@given(
    st.sampled_from(["Python", "shell", "YAML", "Dockerfile", "notebook"]), st.binary(max_size=200)
)
def test_whatever_bytes_are_read_or_refused(form: str, data: bytes) -> None:
    with suppress(Malformed):
        assert Document.of(form, data).form == form


ALPHABET = st.sampled_from(
    [
        *"'\"\\\n`}#) :[]é",
        "$(",
        "${",
        "{{",
        "}}",
        "CMD ",
        "vllm serve ",
        "acme/bot",
        "--model ",
        "--revision ",
        "MODEL_ID=",
        "<<E\n",
        "E\n",
        "- ",
        "|\n",
    ]
)


@given(st.sampled_from(["shell", "YAML", "Dockerfile"]), st.lists(ALPHABET, max_size=30))
def test_whatever_words_are_read_or_refused_and_fixed_or_left(form: str, words: list[str]) -> None:
    data = "".join(words).encode()
    try:
        document = Document.of(form, data)
    except Malformed:
        return
    edits = {n: COMMIT for n, one in enumerate(document.references) if one.splice}
    after, done = document.pinned(edits)
    assert (after is None) == (not done)


FENCE = re.compile(r"^ *```+ *(\w*)[^\n]*\n(.*?)^ *```+ *$", re.MULTILINE | re.DOTALL)
FORMS = {"python": "Python", "py": "Python", "yaml": "YAML", "bash": "shell", "sh": "shell"}


@pytest.mark.each("model_cards/*.md")
def test_the_code_of_real_cards_is_read_or_refused_and_pinned(each: Path) -> None:
    for language, code in FENCE.findall(each.read_text(errors="replace")):
        with suppress(Malformed):
            check(FORMS.get(language.lower(), "Python"), code)


HOSTILE = {
    "commands that do not end": ("shell", "$("),
    "braces": ("shell", "{{"),
    "quotes": ("shell", "'\""),
    "variables": ("shell", "export MODEL_ID=a/b;"),
    "heredocs": ("shell", "<<E\n"),
    "commands in commands": ("shell", "$(hf download a/b)\n"),
    "variables of an image": ("Dockerfile", "ENV MODEL_ID=a/b\n"),
    "commands of an image": ("Dockerfile", 'CMD ["vllm serve a/b"]\n'),
    "lists": ("YAML", "- a\n"),
    "keys": ("YAML", "modelURL: a/b\n"),
    "anchors": ("YAML", "- &a x\n"),
    "one line of Python": ("Python", "A.from_pretrained('a/b');"),
    "one line of another script": ("Python", "A.from_pretrained('a/b','é');"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_costs_as_much_more_as_it_is_longer(name: str) -> None:
    form, part = HOSTILE[name]
    short, long = (seconds(form, part, size) for size in (1 << 12, 1 << 16))
    assert long < max(2.0, 64 * short)


def seconds(form: str, part: str, size: int) -> float:
    start = time.process_time()
    with suppress(Malformed):
        Document.of(form, (part * (size // len(part))).encode())
    return time.process_time() - start
