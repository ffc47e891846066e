"""Ollama's own store: which names it knows, what its manifests may state, and what they may not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import Absent, ConfigError, SourceError
from provenance.names import is_in_store
from provenance.refs import in_store
from provenance.source.local import ollama
from provenance.source.remote.store import StoreOptions, store
from tests.ollama import CONFIG, Pulled

WEIGHTS = b"GGUF" + bytes(60)
SIZE = {"size": 1}

NAMES: Mapping[str, tuple[str, str]] = {
    "ollama://bot": ("registry.ollama.ai/library/bot/latest", "ollama://bot:latest"),
    "ollama://bot:7b": ("registry.ollama.ai/library/bot/7b", "ollama://bot:7b"),
    "ollama://acme/bot": ("registry.ollama.ai/acme/bot/latest", "ollama://acme/bot:latest"),
    "ollama://hf.co/acme/Bot-GGUF:Q4_K_M": (
        "hf.co/acme/Bot-GGUF/Q4_K_M",
        "ollama://hf.co/acme/Bot-GGUF:Q4_K_M",
    ),
    "ollama://localhost:5000/acme/bot:v1": (
        "localhost:5000/acme/bot/v1",
        "ollama://localhost:5000/acme/bot:v1",
    ),
}


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_where_ollama_keeps_it(text: str, tmp_path: Path) -> None:
    place, whole = NAMES[text]
    ref = in_store(text)
    assert is_in_store(text)
    tag = ollama.named(ref.source or "", ref.revision)
    assert tag.place(tmp_path) == tmp_path / "manifests" / place
    assert tag.name == whole
    again = in_store(whole)
    assert ollama.named(again.source or "", again.revision) == tag


NO_NAMES = ("ollama://", "ollama://../x", "ollama://a/b/c/d", "ollama://bot:", "ollama://.bot")


@pytest.mark.parametrize("text", NO_NAMES)
def test_a_name_that_means_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected"):
        in_store(text)


@pytest.mark.parametrize("tag", ["a/b", "..", ".hidden", "x" * 200])
def test_a_tag_that_is_none_is_refused(tag: str) -> None:
    with pytest.raises(SourceError, match="expected ollama://name:tag"):
        ollama.named("ollama://bot", tag)


def test_the_variable_names_the_store_else_it_is_the_users_and_then_the_services() -> None:
    assert ollama.folders({"OLLAMA_MODELS": "/m", "HOME": "/h"}) == (Path("/m"),)
    assert ollama.folders({"HOME": "/h"}) == (Path("/h/.ollama/models"), ollama.SERVICE)
    assert ollama.folders({}) == (ollama.SERVICE,)


@pytest.fixture
def pulled(tmp_path: Path) -> Pulled:
    return Pulled(folder=tmp_path)


def image(pulled: Pulled) -> ollama.Image:
    return ollama.image(pulled.folder, ollama.named("ollama://bot", None))


def test_layers_have_the_paths_that_their_kinds_say(pulled: Pulled) -> None:
    kinds = ("model", "projector", "adapter", "template", "system", "params", "license", "license")
    pulled.tag("bot/latest", *((kind, kind.encode()) for kind in (*kinds, "newer")))
    found = image(pulled)
    assert [layer.path for layer in found.layers] == [
        "ollama.json",
        "model.gguf",
        "projector.gguf",
        "adapter.gguf",
        "template",
        "system",
        "params",
        "license",
        "license-2",
        "layer",
    ]
    lying = found.lying(pulled.folder)
    assert [Path(entry.place).read_bytes() for entry in lying.entries][:2] == [CONFIG, b"model"]
    assert lying.observations == ()


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/", "a/../../b", "x\0y"])
def test_a_layer_whose_name_leads_out_is_told_and_lies_elsewhere(pulled: Pulled, name: str) -> None:
    pulled.named("bot/latest", {name: WEIGHTS, "model.gguf": WEIGHTS})
    found = image(pulled)
    assert [layer.path for layer in found.layers] == ["layer", "model.gguf"]
    assert [(seen.code, seen.path) for seen in found.observations] == [("name", name)]


def rows(*layers: Mapping[str, Any]) -> dict[str, Any]:
    return {"layers": list(layers)}


MANIFESTS: Mapping[str, tuple[Mapping[str, Any] | bytes, str]] = {
    "no JSON": (b"{", "not JSON"),
    "a list": (b"[]", "expected a table"),
    "no layers that are a list": ({"layers": {}}, "expected a list"),
    "a layer without a digest": (rows({"mediaType": "x", **SIZE}), "digest: missing"),
    "another digest": (rows({"mediaType": "x", "digest": "md5:1", **SIZE}), "sha256:<64"),
    "a digest that leads out": (
        rows({"mediaType": "x", "digest": "sha256:../../etc/passwd", **SIZE}),
        "sha256:<64",
    ),
    "a size below nothing": (
        rows({"mediaType": "x", "digest": f"sha256:{'0' * 64}", "size": -1}),
        "expected 0 or more",
    ),
    "deep": (b'{"layers":' + b"[" * 100_000, "no manifest"),
    "10 MB": (json.dumps({"layers": [], "x": "1" * 10_000_000}).encode(), "bytes at most"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_none_is_told_with_its_place(pulled: Pulled, name: str) -> None:
    table, said = MANIFESTS[name]
    place = pulled.manifest("bot/latest", table)
    with pytest.raises(SourceError, match=said) as raised:
        image(pulled)
    assert str(place) in str(raised.value)


def _fifo(place: Path) -> None:
    os.mkfifo(place)


def _link(place: Path) -> None:
    place.symlink_to("/etc/hostname")


@pytest.mark.parametrize("make", [_fifo, _link, Path.mkdir])
def test_what_is_no_file_in_a_manifests_place_is_not_read(
    pulled: Pulled, make: Callable[[Path], None]
) -> None:
    place = pulled.manifest("bot/latest", {"layers": []})
    place.unlink()
    make(place)
    with pytest.raises(SourceError, match="expected a file"):
        image(pulled)


def test_a_blob_that_is_not_there_or_of_another_size_is_told(pulled: Pulled) -> None:
    pulled.tag("bot/latest", ("model", WEIGHTS), ("template", b"one"), ("system", b"two"))
    pulled.place(WEIGHTS).unlink()
    pulled.place(b"one").write_bytes(b"longer")
    lying = image(pulled).lying(pulled.folder)
    assert [entry.path for entry in lying.entries] == ["ollama.json", "system"]
    assert {(seen.path, seen.code) for seen in lying.observations} == {
        ("model.gguf", "unreadable"),
        ("template", "contradiction"),
    }


def test_what_is_locked_is_found_under_another_tag_and_what_is_gone_is_absent(
    pulled: Pulled,
) -> None:
    pulled.tag("bot/latest", ("model", WEIGHTS))
    asked = store("ollama://bot", StoreOptions(variables={"OLLAMA_MODELS": str(pulled.folder)}))
    first = asked.opened(None).revision
    pulled.tag("bot/old", ("model", WEIGHTS))
    pulled.tag("bot/latest", ("model", WEIGHTS[::-1]))
    assert asked.opened(first).revision == first
    with pytest.raises(Absent, match="lies there now"):
        asked.opened(f"sha256:{'0' * 64}")
    with pytest.raises(Absent, match="ollama pull bot:none"):
        asked.opened("none")
    nobody = store("ollama://nobody", StoreOptions(variables={"OLLAMA_MODELS": "/nowhere"}))
    with pytest.raises(Absent, match="ollama pull nobody:latest"):
        nobody.opened(None)
