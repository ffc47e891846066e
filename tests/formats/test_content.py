"""The one entry for an open file: kind, head and observations, within a limit."""

from __future__ import annotations

import collections
import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.formats import content
from provenance.model import Kind
from tests.formats.test_archive import zipped
from tests.formats.test_gguf import ARCH, TWO, made, pair, text
from tests.formats.test_onnx import field, model, tensor
from tests.formats.test_sniff import CALL, POINTER, framed

LIMIT = 1 << 20


def read(
    data: bytes, path: str = "x", limit: int = LIMIT
) -> tuple[Kind, bytes, list[tuple[str, str]]]:
    found, seen = content.read(io.BytesIO(data), path, len(data), limit=limit)
    assert found.path == path
    assert {observation.path for observation in seen} <= {path}
    assert len(found.head) <= limit
    return found.kind, found.head, [(one.code, one.detail) for one in seen]


def arrays(value: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([value], dtype=object), allow_pickle=True)
    return stream.getvalue()


def test_small_documents_are_kept_whole() -> None:
    assert read(b'{"a": 1}', "config.json") == (Kind.JSON, b'{"a": 1}', [])
    assert read(b'{"a": 1}', "tokenizer.json") == (Kind.JSON, b"", [])
    assert read(b"text", "LICENSE") == (Kind.TEXT, b"", [])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("config.json", True),
        ("tokenizer_config.json", True),
        ("a/chat_template.jinja", True),
        ("modeling_x.py", False),
        ("README.MD", False),
        ("mergekit_config.yml", True),
        ("recipe.yml", True),
        ("a/config.cfg", True),
        ("preset.ini", True),
        ("pyproject.toml", True),
        ("custom_generate/requirements.txt", True),
        ("requirements-dev.txt", True),
        ("notes.txt", False),
        ("tokenizer.json", False),
        ("sub/vocab.json", False),
        ("merges.txt", False),
        ("model.safetensors", False),
    ],
)
def test_which_documents_are_read(path: str, expected: bool) -> None:
    assert content.wants_whole(path) is expected


def test_a_document_over_the_limit_is_said_to_be_unread() -> None:
    kind, head, seen = read(b"{" + b" " * 100, "config.json", limit=50)
    assert (kind, head) == (Kind.JSON, b"")
    assert [code for code, _ in seen] == ["limit"]


def test_only_the_header_of_safetensors() -> None:
    data = framed(b"{}" + b" " * 100, b"x" * 500)
    assert read(data) == (Kind.SAFETENSORS, data[:110], [])
    kind, head, seen = read(data, limit=50)
    assert (kind, head, [code for code, _ in seen]) == (Kind.SAFETENSORS, b"", ["limit"])


@pytest.mark.parametrize("data", [struct.pack("<Q", 2**40) + b"rest", b"\x09" + bytes(20)])
def test_whatever_is_called_safetensors_keeps_what_convicts_it(data: bytes) -> None:
    _, head, _ = read(data, "model.safetensors")
    assert head
    assert data.startswith(head)


def test_the_header_of_gguf_is_read_as_far_as_it_goes() -> None:
    long = pair(b"k", 8, text(b"y" * 700_000))
    data = made((ARCH, long), TWO, 64)
    kind, head, seen = read(data, limit=len(data))
    assert (kind, seen) == (Kind.GGUF, [])
    assert head == data
    _, head, seen = read(data, limit=300_000)
    assert (head, [code for code, _ in seen]) == (b"", ["limit"])


def test_imports_are_named() -> None:
    assert read(CALL, "README.md") == (Kind.PICKLE, b"", [("pickle-import", "os.system")])


def test_the_unusual_imports_come_first_and_twenty_at_most() -> None:
    data = b"".join(b"ctorch\nf%d\n0" % number for number in range(30)) + b"cos\nsystem\n)R."
    _, _, seen = read(data)
    assert len(seen) == 20
    assert seen[0] == ("pickle-import", "os.system")


def test_a_payload_behind_a_long_string_is_found() -> None:
    data = b"X" + (200_000).to_bytes(4, "little") + b" " * 200_000 + b"0" + CALL
    kind, _, seen = read(data, "notes.txt")
    assert (kind, seen) == (Kind.PICKLE, [("pickle-import", "os.system")])


LONG = b"a" * 200_000
LINES = {
    "a text": b"S'" + LONG + b"'\n0",
    "a text in unicode": b"V" + LONG + b"\n0",
    "a number": b"I" + b"0" * 200_000 + b"\n0",
    "a number of any size": b"L" + b"0" * 200_000 + b"L\n0",
    "a fraction": b"F0." + b"0" * 200_000 + b"\n0",
    "an import": b"cm\n" + LONG + b"\n0",
    "a text of non-text": b"V" + bytes(range(11, 256)) * 1_000 + b"\n0",
    "two texts": (b"V" + LONG + b"\n0") * 2,
}


@pytest.mark.parametrize("before", LINES.values(), ids=LINES.keys())
def test_a_payload_behind_a_long_line_is_found(before: bytes) -> None:
    kind, _, seen = read(before + CALL, "notes.txt")
    assert kind is Kind.PICKLE
    assert ("pickle-import", "os.system") in seen


def test_a_payload_behind_a_long_line_through_a_header_is_found() -> None:
    """Tensors whose length begins with `V`: a text that goes on to the first line feed of data."""
    length = 0x1_0056
    header = b'{"__metadata__":{"pad":"' + b"x" * (length - 27) + b'"}}'
    kind, _, seen = read(framed(header, b"\n0" + CALL), "model.safetensors")
    assert (kind, seen) == (Kind.PICKLE, [("pickle-import", "os.system")])


def test_a_line_that_is_longer_than_anybody_follows_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("provenance.formats.window.MAX_LINE", 100_000)
    kind, _, seen = read(b"V" + LONG + b"\n0" + CALL, "notes.txt")
    assert (kind, [code for code, _ in seen]) == (Kind.TEXT, ["limit"])


@pytest.mark.parametrize("first", range(0, 256, 8))
def test_weights_of_any_length_may_be_zero(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of sixteen lengths begins as an opcode that reads a line, and zeros hold no line feed."""
    monkeypatch.setattr("provenance.formats.window.MAX_LINE", 200_000)
    count = 500_000
    header = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (count, count)
    kind, _, seen = read(framed(header.ljust(256 + first), bytes(count)), "model.safetensors")
    assert (kind, seen) == (Kind.SAFETENSORS, [])


PIECES = b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x0c\n\x03<s>\x15\0\0\0\0\x18\x03"
FAMILIAR = {
    "a vocabulary of sentencepiece": PIECES + bytes(500),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "a sound": b"RIFF\x24\x08\0\0WAVEfmt " + bytes(500),
    "a font": b"\0\x01\0\0\0\x0c\0\x80" + bytes(500),
    "an importance matrix": struct.pack("<ii", 197, 19) + b"blk.0.attn_k.weight" + bytes(500),
    "text in an encoding of old": "Gr\xfc\xdfe\n".encode("latin-1") * 100,
    "text in UTF-16": "Gr\xfc\xdfe\n".encode("utf-16") * 100,
    "a vocabulary with an odd entry": b"the\nof\n" * 100 + b"\x1c\n",
}
UNFAMILIAR = {
    "raw snappy": b"\xac\x02\x10\x80\x05\x95\x0b\0\0\0" + bytes(300),
    "random": bytes(range(256)) * 4,
    "brotli": bytes.fromhex("0b06805b6d6f64656c5d0003") * 20,
    "nearly a vocabulary": b"\n\x05\n\x09" + bytes(500),
}


@pytest.mark.parametrize("data", FAMILIAR.values(), ids=FAMILIAR.keys())
def test_binary_data_of_a_known_form_is_familiar(data: bytes) -> None:
    assert read(data, "a.dat") == (Kind.BINARY, b"", [])


@pytest.mark.parametrize("data", UNFAMILIAR.values(), ids=UNFAMILIAR.keys())
def test_what_begins_in_no_known_way_says_so(data: bytes) -> None:
    kind, _, seen = read(data, "a.dat")
    assert (kind, [code for code, _ in seen]) == (Kind.BINARY, ["unfamiliar"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [("archive/data.pkl", Kind.TORCH_ZIP), ("inner/evil.pkl", Kind.ZIP), ("x.PICKLE", Kind.ZIP)],
)
def test_imports_inside_zips(name: str, kind: Kind) -> None:
    assert read(zipped(name, "other", content=CALL)) == (
        kind,
        b"",
        [("pickle-import", "os.system")],
    )


def test_objects_in_arrays() -> None:
    kind, _, seen = read(arrays(collections.Counter()))
    assert kind is Kind.NPY_OBJECTS
    assert seen[0][0] == "npy-objects"
    assert ("pickle-import", "collections.Counter") in seen
    kind, _, seen = read(zipped("a.npy", content=arrays(1)))
    assert kind is Kind.NPZ
    assert ("npy-objects", "a.npy") in seen


def test_external_data() -> None:
    data = model(field(5, tensor(b"../secret")) + field(5, tensor(b"w.bin")))
    seen = [("external-data", "../secret"), ("external-data", "w.bin")]
    assert read(data) == (Kind.ONNX, b"", seen)
    kind, _, observed = read(model(b"\x0a\x7f"))
    assert (kind, [code for code, _ in observed]) == (Kind.ONNX, ["unreadable"])


def test_pointers_say_what_they_stand_for() -> None:
    assert read(POINTER, "model.safetensors") == (
        Kind.LFS_POINTER,
        POINTER,
        [("lfs-pointer", f"sha256:{'ab' * 32}, 4096 bytes")],
    )


def test_the_end_of_a_directory_that_is_none_is_not_a_zip() -> None:
    empty = framed(b"{}", bytes(100) + b"PK\x05\x06" + bytes(18))
    assert read(empty)[0] is Kind.ZIP
    broken = framed(b"{}", b"PK" + bytes(98) + b"PK\x05\x06" + bytes(4) + b"\x01\0\x01\0d\0\0\0")
    assert read(broken + bytes(6))[0] is Kind.SAFETENSORS


def test_a_zip_bomb_is_unpacked_no_further_than_allowed() -> None:
    bomb = zipped(*(f"{number}.pkl" for number in range(6)), content=bytes(20_000_000))
    kind, _, seen = read(bomb)
    assert kind is Kind.ZIP
    assert [code for code, _ in seen] == ["limit"]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [
            CALL,
            POINTER,
            zipped("archive/data.pkl", content=CALL),
            made((ARCH,), TWO, 64),
            model(field(5, tensor(b"w"))),
            framed(json.dumps({"__metadata__": {"a": "b"}}).encode()),
            arrays(1),
        ]
    ),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=4),
    st.integers(0, 200),
    st.sampled_from(["x", "a.json", "a.safetensors", "a.gguf"]),
    st.sampled_from([0, 30, LIMIT]),
)
def test_never_raises(
    data: bytes, changes: list[tuple[int, int]], cut: int, path: str, limit: int
) -> None:
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(changed)] = value
    read(bytes(changed[: max(0, len(changed) - cut)]), path, limit)


def test_all_real_material(corpus: Path) -> None:
    paths = [path for path in corpus.rglob("*") if path.is_file()]
    assert len(paths) > 400
    for path in paths:
        with path.open("rb") as stream:
            found, _ = content.read(stream, path.name, path.stat().st_size, limit=64 << 20)
        if path.suffix in {".pkl", ".pickle"}:
            assert found.kind is Kind.PICKLE, path.name


def tokens(mebibytes: int, **more: object) -> bytes:
    """JSON of more than so many MiB that lists tokens, as tekken.json does."""
    row = {"rank": 1, "token_bytes": "YWJj", "token_str": None}
    return json.dumps({"vocab": [row] * (mebibytes << 14), **more}).encode()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, ""),
        ({"auto_map": {"AutoModel": "x.Y"}}, "'auto_map' in JSON"),
        ({"deep": {"chat_template": "{{ x }}"}}, "'chat_template' in JSON"),
    ],
)
def test_long_json_is_followed_and_not_kept(more: dict[str, object], said: str) -> None:
    data = tokens(5, **more)
    assert len(data) > content.MAX_DOCUMENT
    found, seen = content.read(io.BytesIO(data), "tekken.json", len(data), limit=16 << 20)
    assert (found.kind, found.head) == (Kind.JSON, b"")
    assert [(s.code, said in s.detail) for s in seen] == ([("limit", True)] if said else [])


def test_long_json_that_is_none_is_said() -> None:
    data = tokens(5)[:-1] + b', "vocab": []}'
    _, seen = content.read(io.BytesIO(data), "tekken.json", len(data), limit=16 << 20)
    assert ["stands twice" in s.detail for s in seen] == [True]


def test_json_beyond_all_limits_is_said() -> None:
    data = b"[" + b" " * content.MAX_STREAMED + b"]"
    _, seen = content.read(io.BytesIO(data), "tekken.json", len(data), limit=16 << 20)
    assert [s.code for s in seen] == ["limit"]
