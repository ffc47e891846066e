"""Indexes of sharded models."""

from __future__ import annotations

import json

import pytest

from provenance.errors import Malformed
from provenance.formats import index


def test_pairs_in_order() -> None:
    data = json.dumps({"metadata": {}, "weight_map": {"b": "x.safetensors", "a": "d/y"}}).encode()
    assert index.parse(data) == (("b", "x.safetensors"), ("a", "d/y"))


@pytest.mark.parametrize(
    "shard",
    [
        "/etc/passwd",
        "../x",
        "a/../x",
        "a//b",
        "./a",
        "a\\b",
        "C:x",
        "a\nb",
        "a\u202eb",
        "a/",
        "..",
        "\x00",
    ],
)
def test_paths_that_lead_elsewhere(shard: str) -> None:
    with pytest.raises(Malformed) as caught:
        index.parse(json.dumps({"weight_map": {"t": shard}}).encode())
    assert caught.value.slug == "index-path"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"weight_map": []}',
        b'{"weight_map": {}}',
        b'{"weight_map": {"a": ""}}',
        b'{"weight_map": {"": "x"}}',
        b'{"weight_map": {"a": 1}}',
        b'{"weight_map": {"a": "x", "a": "y"}}',
        b'{"weight_map": {"a": "\\ud800"}}',
        b"[" * 100_000,
    ],
)
def test_no_index(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        index.parse(data)
    assert caught.value.slug == "index"
