"""What a signature over shards covers: every byte, and so no empty file."""

from __future__ import annotations

import json
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
ADDED = ("signature/unsigned-file", "a loader may read it, and the signature leaves it out")


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


@pytest.mark.parametrize(
    ("added", "exclude"), [({}, ()), ({"README": b""}, ()), ({"a.txt": b""}, ("a.txt",))]
)
def test_shards_cover_a_model_of_files_with_bytes(
    tmp_path: Path, added: Mapping[str, bytes], exclude: tuple[str, ...]
) -> None:
    """As the message says: without the empty file it passes."""
    assert dict(judged(tmp_path / "m", added, *exclude).checks)["signature"] == "pass"
