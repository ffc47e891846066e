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
    ("source.spm", b"x"),
    ("bpe.codes", b"x"),
    ("dict.txt", b"x"),
    ("hyperparams.yaml", b"a: 1"),
    ("openvino_model.xml", b"<net/>"),
    ("model.ort", b"x"),
    ("model.onnx.data", b"x"),
    ("variables/variables.index", b"x"),
    ("ner/model", b"x"),
    (".metadata", b"x"),
    ("custom_generate/requirements.txt", b"x"),
    ("a.name.nobody.has.seen", b"x"),
    ("README.bin", b"raw"),
    ("additional_chat_templates/license.jinja", b"{{ x }}"),
    ("NOTICE.yaml", b"a: 1"),
    ("readme.json", b"{}"),
    ("LICENSE.py", b"x = 1"),
    ("LICENSE-2.0.model", b"x"),
]

OTHER = [
    ("README.md", b"# a model"),
    ("LICENSE", b"words"),
    ("logo.png", b"\x89PNG\r\n\x1a\n" + bytes(20)),
    ("train.log", b"step 1"),
    (".gitattributes", b"*.bin filter=lfs"),
    ("a/.gitignore", b"x"),
    (".github/workflows/check.yml", b"on: push"),
    ("LICENSE.txt", b"words"),
    ("LICENSE-APACHE-2.0.txt", b"words"),
    ("LICENSE_v1.1", b"words"),
    ("README_zh.html", b"words"),
    ("NOTICE", b"words"),
    ("USE_POLICY.md", b"words"),
    ("paper.PDF", b"%PDF-1.4"),
    ("model.safetensors.sig", b"\x88\x75\x04"),
    ("SHA256SUMS.asc", b"-----BEGIN PGP"),
    ("runs/events.out.tfevents.1.host", b"x"),
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
        ("model.safetensors.index.json", {"weight_map": {"a": "notice.raw"}}, "notice.raw"),
        ("pytorch_model.bin.index.json", {"weight_map": {"a": "s/license.raw"}}, "s/license.raw"),
        ("a/model.safetensors.index.json", {"weight_map": {"a": "license.raw"}}, "a/license.raw"),
        ("tokenizer_config.json", {"vocab_file": "readme.txt"}, "readme.txt"),
        ("tokenizer_config.json", {"vocab_file": "README.txt"}, "readme.TXT"),
        ("config.json", {"parts": [{"speech": {"file": "speakers.pdf"}}]}, "speakers.pdf"),
        ("config.json", {"file": "./notice.txt"}, "notice.txt"),
        ("config.json", {"file": "a/../notice.txt"}, "notice.txt"),
        ("config.json", {"file": "a//notice.txt"}, "a/notice.txt"),
        ("config.json", {"file": "a\\notice.txt"}, "a/notice.txt"),
        ("a/config.json", {"file": "../notice.txt"}, "notice.txt"),
    ],
)
def test_what_a_document_names_is_read(path: str, value: object, named: str) -> None:
    files = {path: json.dumps(value).encode(), named: b"data", "unnamed.md": b"data"}
    assert loader_reads(evidence(files)) == {path, named}


def test_a_document_names_nothing_outside_its_folder() -> None:
    files = {"a/config.json": b'{"file": "data.md"}', "data.md": b"x"}
    assert loader_reads(evidence(files)) == {"a/config.json"}


def test_a_malformed_document_names_nothing_and_is_read() -> None:
    files = {"config.json": b'{"file": "data.md", "file": "b"}', "data.md": b"x"}
    assert loader_reads(evidence(files)) == {"config.json"}


@pytest.mark.parametrize(
    "path",
    ["preset.ini", "system", "template", "params", "tokenizer_config.json", "adapter_config.json"],
)
def test_what_is_read_beside_gguf_is_read(path: str) -> None:
    files = {"m-q4.gguf": GGUF, "M-q8.GGUF": GGUF, path: b"{}", "README.md": b"words"}
    assert loader_reads(evidence(files)) == {"m-q4.gguf", "M-q8.GGUF", path}


def test_a_real_directory(corpus: Path) -> None:
    folder = corpus / "models/all-MiniLM-L6-v2-meta"
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    read = loader_reads(evidence(files))
    assert {path for path in files if path.endswith(".json")} == read
