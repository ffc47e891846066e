"""What a signature over shards covers: every byte, and so no empty file."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from provenance.judgement import judge
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Verdict
from provenance.wire import oms
from provenance.wire.intoto import STATEMENT_TYPE
from tests import forge

SIZE = 50
POLICY = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
REGISTRY = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"), originates=True)), source="trust.toml"
)
EMPTY = ("signature/unsigned-file", "an empty file, which a signature over shards cannot name")
ADDED = ("signature/unsigned-file", "llama.cpp reads it, and the signature leaves it out")


def shards(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """What model_signing lists of files: each piece of up to `SIZE` bytes."""
    return [
        {
            "name": f"{path}:{start}:{min(start + SIZE, len(data))}",
            "algorithm": f"sha256-sharded-{SIZE}",
            "digest": sha256(data[start : start + SIZE]).hexdigest(),
        }
        for path, data in files.items()
        for start in range(0, len(data), SIZE)
    ]


def signed(files: Mapping[str, bytes]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "m", "digest": {}}],
        "predicateType": oms.PREDICATE_TYPE,
        "predicate": {
            "resources": shards(files),
            "serialization": {
                "method": "shards",
                "hash_type": "sha256",
                "shard_size": float(SIZE),
                "allow_symlinks": False,
            },
        },
    }
    document["subject"][0]["digest"]["sha256"] = forge.root(document)
    return forge.bundle_of(document, forge.TufKey(key=forge.key("release")))


def judged(folder: Path, added: Mapping[str, bytes], *exclude: str) -> Verdict:
    """The verdict on a model signed by shards, to which these files were added."""
    bundle = json.dumps(signed(forge.MODEL)).encode()
    forge.write(folder, {**forge.MODEL, **added, "model.sig": bundle})
    ref = Ref(text="m", repo="acme/m")
    evidence = directory.collect(folder, ref=ref, at=forge.NOW, exclude=exclude)
    return judge(evidence, POLICY, REGISTRY)


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("sub/__init__.py", b"", EMPTY),
        ("chat_template.jinja", b"", EMPTY),
        ("preset.ini", b"", EMPTY),
        ("preset.ini", b"[a]", ADDED),
    ],
)
def test_what_is_added_to_shards_is_unsigned(
    tmp_path: Path, path: str, data: bytes, expected: tuple[str, str]
) -> None:
    found = judged(tmp_path / "m", {path: data})
    said = {(f.rule, f.message.partition(":")[0]) for f in found.findings if f.where == path}
    assert expected in said


BY_HAND = {f"{n}.codes": b"x" for n in range(25)}
LEFT_OUT: dict[str, tuple[dict[str, bytes], list[str]]] = {
    "one": ({"source.spm": b"x"}, ["source.spm"]),
    "two": ({"source.spm": b"x", "target.spm": b"y"}, ["source.spm", "target.spm"]),
    "as others are": ({"old.log.txt": b"x", "bpe.codes": b"y"}, ["old.log.txt", "bpe.codes"]),
    "with spaces and brackets": ({"a [1] b.spm": b"x"}, ["a [[]1] b.spm"]),
    "many of a kind": (BY_HAND, ["*.codes"]),
    "which begins like an option": ({"--registry": b"x"}, ["--registry"]),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_unsigned_is_left_out_by_the_lines_as_they_are_typed(
    tmp_path: Path, name: str
) -> None:
    added, patterns = LEFT_OUT[name]
    before = ("old.log.txt",) if "old.log.txt" in added else ()
    found = judged(tmp_path / "m", added, *before)
    unsigned = [f for f in found.findings if f.rule == "signature/unsigned-file"]
    assert {f.where for f in unsigned} <= added.keys() - set(before)
    _, line, command = unsigned[0].message.splitlines()
    assert tomllib.loads(line) == {"exclude": patterns}
    options = [word for pattern in patterns for word in ("--exclude", pattern)]
    assert shlex.split(command) == ["provenance", "verify", "m", "--as", "acme/m", *options]
    assert [f.message for f in unsigned if "\n" in f.message] == [unsigned[0].message]
    again = judged(tmp_path / "again", added, *patterns)
    assert dict(again.checks)["signature"] == "pass"


@pytest.mark.parametrize("path", ["a\\b.spm", "a\u202eb.spm", "a\nb.spm"])
def test_a_name_that_no_line_can_say_gets_none(tmp_path: Path, path: str) -> None:
    found = judged(tmp_path / "m", {path: b"x"})
    (unsigned,) = [f for f in found.findings if f.rule == "signature/unsigned-file"]
    assert unsigned.message.endswith("ask the publisher to sign it, or leave it out")


SAID = {
    "transformers loads the base that it names": {"adapter_config.json": b"{}"},
    "'other.bin'": {"sub/config.json": b'{"transformers_weights": "other.bin"}'},
    "no loader is known to read it, and it is not of the kinds that nobody": {"a.zz": b"x"},
    "it holds pickle whatever its name says": {"logo.png": b"\x80\x02N."},
    "transformers and mlx-lm read it": {"chat_template.jinja": b"{{ x }}"},
}


@pytest.mark.parametrize("words", SAID)
def test_what_is_unsigned_says_who_reads_it_and_what_it_changes(tmp_path: Path, words: str) -> None:
    found = judged(tmp_path / "m", SAID[words])
    (said,) = [f.message for f in found.findings if f.rule == "signature/unsigned-file"]
    assert words in said


@pytest.mark.parametrize(
    ("added", "exclude"), [({}, ()), ({"README": b""}, ()), ({"a.txt": b""}, ("a.txt",))]
)
def test_shards_cover_a_model_of_files_with_bytes(
    tmp_path: Path, added: Mapping[str, bytes], exclude: tuple[str, ...]
) -> None:
    """As the message says: without the empty file it passes."""
    assert dict(judged(tmp_path / "m", added, *exclude).checks)["signature"] == "pass"
