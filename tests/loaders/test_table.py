"""The table of loaders is read strictly here, so that a slip in it is no user's error."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from provenance.loaders.readers import matcher
from provenance.loaders.table import KNOWN, Executes, Fetches, Loader, Opens, loader_of, loaders

FOLDER = Path(__file__).parent.parent.parent / "provenance" / "loaders"
FILES = sorted(FOLDER.glob("*.toml"))
NAMES = {loader.name for loader in loaders()}
BRINGS = {"weights", "code", "tokenizer", "kernel"}
SPOKEN_OF = {
    "transformers",
    "PEFT",
    "sentence-transformers",
    "diffusers",
    "timm",
    "open_clip",
    "vLLM",
    "SGLang",
    "mlx-lm",
    "llama.cpp",
    "Ollama",
    "CTranslate2",
    "faster-whisper",
    "optimum",
    "ONNX Runtime",
    "SpeechBrain",
    "pyannote",
    "NeMo",
    "ESPnet",
    "k2 and sherpa-onnx",
    "spaCy",
    "GLiNER",
    "others",
}
Row = Opens | Executes | Fetches


def rows(loader: Loader) -> Iterator[Row]:
    yield from loader.opens
    yield from loader.executes
    yield from loader.fetches


ROWS = [(loader, row) for loader in loaders() for row in rows(loader)]


def called(value: object) -> str:
    match value:
        case Loader():
            return value.name
        case Opens():
            return value.what
        case Executes() | Fetches():
            return f"{type(value).__name__} {value.key}"
    return ""


def test_every_loader_that_is_spoken_of_has_its_file() -> None:
    assert NAMES >= SPOKEN_OF
    assert len(NAMES) == len(FILES)


@pytest.mark.parametrize("loader", loaders(), ids=called)
def test_a_loader_says_what_is_known_of_it_and_how(loader: Loader) -> None:
    assert loader.known in KNOWN
    assert all((loader.name, loader.versions, loader.source))
    assert loader.opens, "what it opens is how anybody learns that it reads a file"


@pytest.mark.parametrize(("loader", "row"), ROWS, ids=called)
def test_a_row_has_values_of_its_kinds(loader: Loader, row: Row) -> None:
    for field in fields(row):
        value = getattr(row, field.name)
        if "tuple" in str(field.type):
            assert isinstance(value, tuple), field.name
            assert all(isinstance(one, str) and one for one in value), field.name
            assert len(set(value)) == len(value), field.name
        elif "Mapping" in str(field.type):
            assert all(isinstance(one, str) for one in (*value, *value.values())), field.name
        else:
            assert isinstance(value, str), field.name
            assert value.strip() == value.removesuffix("."), field.name
    assert row.known in ("", *KNOWN)


@pytest.mark.parametrize(("loader", "row"), ROWS, ids=called)
def test_a_row_says_something_by_patterns_that_can_be_read(loader: Loader, row: Row) -> None:
    patterns = row.names if isinstance(row, Opens) else row.files
    assert patterns
    matcher(patterns, loader.name)
    if isinstance(row, Opens):
        matcher(row.beside, loader.name)
        assert row.what
    if isinstance(row, Fetches):
        assert row.brings in BRINGS
        assert bool(row.key) != bool(row.missing)


@pytest.mark.parametrize(("loader", "row"), ROWS, ids=called)
def test_what_decides_says_what_is_used(loader: Loader, row: Row) -> None:
    if isinstance(row, Opens) and row.decides:
        assert loader.name in row.note
        assert {"it", "it,"} & set(row.note.split())
    elif isinstance(row, Opens):
        assert not row.key
        assert not row.beside


@pytest.mark.parametrize("loader", loaders(), ids=called)
def test_what_runs_and_what_names_others_is_opened(loader: Loader) -> None:
    """A pattern of those rows is one of what it opens, or takes nothing that is not opened."""
    opened = matcher([name for row in loader.opens for name in row.names], loader.name)
    for row in rows(loader):
        for pattern in () if isinstance(row, Opens) else row.files:
            assert opened(pattern.replace("*", "x")) or "*" in pattern, (loader.name, pattern)


WRONG = [
    {"name": "a", "versions": "1", "known": "read", "source": "s", "opnes": []},
    {"name": "a", "versions": "1", "known": "read", "source": "s", "opens": [{"file": ["a"]}]},
    {"name": "a", "versions": "1", "known": "read", "source": "s", "opens": [{"files": ["a"]}]},
    {"name": "a", "versions": "1", "known": "read", "source": "s", "fetches": [{"files": ["a"]}]},
    {"name": "a", "versions": "1", "known": "read"},
]


@pytest.mark.parametrize("table", WRONG)
def test_a_wrong_key_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        loader_of(table)


def test_every_file_is_read() -> None:
    for file in FILES:
        assert tomllib.loads(file.read_text("utf-8"))["name"] in NAMES
