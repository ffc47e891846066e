"""Who reads what: names out of loaders and repositories, held against the table and the answer."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path

import pytest

from provenance.claims.loader import loader_reads, why_read
from provenance.loaders.readers import NOBODY, matcher, openings, read_by, readers
from provenance.loaders.table import loaders
from tests.claims.models import evidence
from tests.formats.test_archive import zipped

TABLE = tomllib.loads((Path(__file__).parent / "names.toml").read_text())
READ = {name: text.split() for name, text in TABLE["read"].items()}
UNKNOWN = TABLE["unknown"]["others"].split()
HELD = TABLE["held"]["names"].split()
UNREAD = TABLE["unread"]["names"].split()
EVERY = list(dict.fromkeys([*chain.from_iterable(READ.values()), *UNKNOWN, *HELD]))
FOR_ITS_CARD = {"README.md"}
"""What a loader opens for what it says to people: nothing in it changes what is loaded."""


@pytest.mark.parametrize("name", READ)
def test_a_loader_is_known_to_read_its_files(name: str) -> None:
    said = {path for path in READ[name] if name in {loader.name for loader in readers(path)}}
    assert said == set(READ[name])


def test_every_name_that_a_loader_may_open_is_read() -> None:
    assert len(EVERY) > 500
    found = evidence(dict.fromkeys(EVERY, b"x"), unread=tuple(EVERY))
    assert set(EVERY) - loader_reads(found) == set()
    whole = evidence(dict.fromkeys(EVERY, b"words"))
    assert set(EVERY) - loader_reads(whole) == set()


def test_every_pattern_of_the_table_is_of_something_that_is_read() -> None:
    names = {name for loader in loaders() for row in loader.opens for name in row.names}
    paths = {name.replace("**/", "").replace("*", "x") for name in names}
    found = evidence(dict.fromkeys(paths, b"x"), unread=tuple(paths))
    assert paths - loader_reads(found) == FOR_ITS_CARD


def test_what_nobody_reads_is_not_read_unless_it_holds_something_else() -> None:
    words = evidence(dict.fromkeys(UNREAD, b"words"))
    assert loader_reads(words) == frozenset()
    for data in (b"\x80\x02N.", zipped("a.txt", content=b"x")):
        assert loader_reads(evidence(dict.fromkeys(UNREAD, data))) == set(UNREAD)


SENTENCES = [
    ("adapter_model.safetensors", "transformers, PEFT and 4 more read it"),
    ("preset.ini", "llama.cpp reads it"),
    ("source.spm", "transformers reads it"),
    ("pytorch_lora_weights.safetensors", "vLLM, diffusers and 2 more read it"),
    ("label_encoder.txt", "SpeechBrain and mlx-lm read it"),
    ("model.plan", "TensorRT reads it"),
    ("a.name.nobody.has.seen", NOBODY),
    ("Preset.ini", NOBODY),
]


@pytest.mark.parametrize(("path", "said"), SENTENCES)
def test_who_reads_it_is_a_sentence(path: str, said: str) -> None:
    assert read_by(path) == said
    assert why_read(path, evidence({path: b"x"})) == said


WHY = [
    ("logo.png", b"\x80\x02N.", "it holds pickle whatever its name says, and a loader may read it"),
    ("README.md", zipped("a"), "it holds zip whatever its name says, and a loader may read it"),
]


@pytest.mark.parametrize(("path", "data", "said"), WHY)
def test_what_holds_something_else_is_read_for_that(path: str, data: bytes, said: str) -> None:
    found = evidence({path: data})
    assert loader_reads(found) == {path}
    assert why_read(path, found) == said


def test_what_a_configuration_names_is_read_for_that() -> None:
    found = evidence({"config.json": b'{"file": "notice.txt"}', "notice.txt": b"words"})
    assert "notice.txt" in loader_reads(found)
    assert why_read("notice.txt", found).startswith("a configuration or index of the model names")


@pytest.mark.parametrize(
    ("pattern", "path", "taken"),
    [
        ("config.json", "config.json", True),
        ("config.json", "a/b/config.json", True),
        ("config.json", "a/b/my_config.json", False),
        ("*.pte", "a/b/model.pte", True),
        ("*/model", "ner/model", True),
        ("*/model", "model", False),
        ("*/model", "a/ner/model", False),
        ("**/variables/*", "variables/x", True),
        ("**/variables/*", "a/b/variables/x", True),
        ("a/b.py", "a/b.py", True),
        ("a/b.py", "c/a/b.py", False),
        ("model.*.bin", "model.fp16.bin", True),
        ("model.*.bin", "modelxfp16xbin", False),
    ],
)
def test_patterns_are_those_of_include(pattern: str, path: str, taken: bool) -> None:
    assert matcher([pattern], "here")(path) is taken


def test_no_pattern_takes_nothing() -> None:
    assert not matcher([], "here")("")
    assert openings("a.name.nobody.has.seen") == ()
