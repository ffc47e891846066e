"""Which files a signature has to cover."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provenance.claims.loader import loader_reads
from tests.claims.models import evidence
from tests.formats.test_archive import zipped
from tests.formats.test_gguf import made
from tests.formats.test_sniff import framed

TENSORS = framed(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x")
GGUF = made()
PICKLE = b"\x80\x02N."

READ = [
    ("model.safetensors", TENSORS),
    ("MODEL.SAFETENSORS", TENSORS),
    ("a/b/model.safetensors", TENSORS),
    ("model.safetensors", b"not safetensors"),
    ("pytorch_model.bin", b"raw"),
    ("model.onnx", b"raw"),
    ("model.safetensors", b""),
    ("README.md", TENSORS),
    ("LICENSE", PICKLE),
    ("notes.txt", zipped("a.txt", content=b"x")),
    ("image.png", GGUF),
    ("config.json", b"{}"),
    ("Config.JSON", b"{}"),
    ("chat_template.jinja", b"x"),
    ("modeling.py", b""),
    ("tokenizer.model", b"x"),
    ("tokenizer.anything", b"x"),
    ("Vocab.txt", b"x"),
    ("a/merges.txt", b"x"),
]

OTHER = [
    ("README.md", b"# a model"),
    ("LICENSE", b"words"),
    ("logo.png", b"\x89PNG\r\n\x1a\n" + bytes(20)),
    ("train.log", b"step 1"),
    (".gitattributes", b"*.bin filter=lfs"),
]


@pytest.mark.parametrize(("path", "data"), READ)
def test_read(path: str, data: bytes) -> None:
    assert loader_reads(evidence({path: data, "README": b"words"})) == {path}


@pytest.mark.parametrize(("path", "data"), OTHER)
def test_other(path: str, data: bytes) -> None:
    assert loader_reads(evidence({path: data})) == frozenset()
    assert loader_reads(evidence({path: data, "config.json": b"{}"})) == {"config.json"}


def test_a_file_nobody_looked_into_is_read_by_its_name() -> None:
    files = {"model.safetensors": TENSORS, "a.gguf": GGUF, "README.md": b"x"}
    model = evidence(files, unread=tuple(files))
    assert loader_reads(model) == {"model.safetensors", "a.gguf"}


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("model.safetensors.index.json", {"weight_map": {"a": "shard-1.raw"}}, "shard-1.raw"),
        ("pytorch_model.bin.index.json", {"weight_map": {"a": "s/1.raw"}}, "s/1.raw"),
        ("a/model.safetensors.index.json", {"weight_map": {"a": "1.raw"}}, "a/1.raw"),
        ("tokenizer_config.json", {"vocab_file": "spiece.txt"}, "spiece.txt"),
        ("tokenizer_config.json", {"vocab_file": "SPIECE.txt"}, "spiece.TXT"),
        ("config.json", {"parts": [{"speech": {"file": "speakers.list"}}]}, "speakers.list"),
    ],
)
def test_what_a_document_names_is_read(path: str, value: object, named: str) -> None:
    files = {path: json.dumps(value).encode(), named: b"data", "unnamed.list": b"data"}
    assert loader_reads(evidence(files)) == {path, named}


def test_a_document_names_nothing_outside_its_folder() -> None:
    files = {"a/config.json": b'{"file": "data.list"}', "data.list": b"x"}
    assert loader_reads(evidence(files)) == {"a/config.json"}


def test_a_malformed_document_names_nothing_and_is_read() -> None:
    files = {"config.json": b'{"file": "data.list", "file": "b"}', "data.list": b"x"}
    assert loader_reads(evidence(files)) == {"config.json"}


def test_of_a_selection_of_gguf_only_the_gguf_files_are_read() -> None:
    files = {"m-q4.gguf": GGUF, "M-q8.GGUF": GGUF, "config.json": b"{}", "tokenizer.model": b"x"}
    assert loader_reads(evidence(files)) == {"m-q4.gguf", "M-q8.GGUF"}


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("model.safetensors", TENSORS),
        ("model.bin", b"raw"),
        ("notes.txt", PICKLE),
        ("b.gguf", PICKLE),
        ("b.gguf", TENSORS),
    ],
)
def test_gguf_beside_other_weights_is_not_gguf_only(path: str, data: bytes) -> None:
    files = {"a.gguf": GGUF, "config.json": b"{}", path: data}
    assert loader_reads(evidence(files)) == set(files)


def test_a_real_directory(corpus: Path) -> None:
    folder = corpus / "models/all-MiniLM-L6-v2-meta"
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    read = loader_reads(evidence(files))
    assert {path for path in files if path.endswith(".json")} == read
