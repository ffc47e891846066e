"""Registries that lie, break off, limit and redirect."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import Absent, ConfigError, SourceError
from provenance.source.oci.address import parsed
from tests.hubs import FILES
from tests.oci import artifacts
from tests.oci.artifacts import RAW, TAR, artifact, digest_of, layer, written
from tests.oci.asked import downloaded, files, gathered, seen, store
from tests.oci.server import INDEX, MANIFEST, Answer, Bend, Registry, Request


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as made:
        artifacts.raw(made, FILES)
        yield made


def only(kind: str, change: Callable[[Request, Answer], Answer]) -> Bend:
    """Changes what is answered about manifests, blobs or referrers."""

    def bend(request: Request, answer: Answer) -> Answer:
        return change(request, answer) if request.kind == kind else answer

    return bend


def other(**fields: Any) -> Callable[[Request, Answer], Answer]:
    """The answer, with these fields in place of its own."""
    return lambda request, answer: dataclasses.replace(answer, **fields)


def times(count: int, change: Callable[[Request, Answer], Answer]) -> Bend:
    """Changes the first answers, and no more."""
    left = [count]

    def bend(request: Request, answer: Answer) -> Answer:
        left[0] -= 1
        return change(request, answer) if left[0] >= 0 else answer

    return bend


MANIFESTS = {
    "too long": (b"x" * (10 << 20), "more than 4194304 bytes: refused"),
    "no JSON": (b"<html>", "no manifest: not JSON"),
    "a key twice": (b'{"schemaVersion": 2, "layers": [], "layers": []}', "no manifest"),
    "neither of both": (
        written({"mediaType": "application/vnd.acme", "layers": []}),
        "it calls itself 'application/vnd.acme', and the registry",
    ),
    "both at once": (
        written({"mediaType": MANIFEST, "layers": [], "manifests": []}),
        "it is a manifest, and has manifests",
    ),
    "a size that is none": (
        written({"config": {"mediaType": "a", "digest": digest_of(b""), "size": -1}}),
        "config.size: expected 0 or more, found -1",
    ),
    "a digest that leads elsewhere": (
        written({"config": {"mediaType": "a", "digest": "../../../v2/x", "size": 1}}),
        "expected sha256:<64 digits>, found '../../../v2/x'",
    ),
    "a digest in capitals": (
        written({"config": {"mediaType": "a", "digest": "sha256:" + "A" * 64, "size": 1}}),
        "expected 64 lower-case digits",
    ),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_none(registry: Registry, name: str) -> None:
    data, words = MANIFESTS[name]
    registry.bend = only("manifests", other(body=data))
    with pytest.raises(SourceError) as raised:
        gathered(registry)
    assert words in str(raised.value)


def test_a_list_of_manifests_names_what_to_choose_from(registry: Registry) -> None:
    rows = [
        {
            "mediaType": MANIFEST,
            "digest": digest_of(name.encode()),
            "size": 1,
            "platform": {"os": "linux", "architecture": name},
        }
        for name in ("amd64", "arm64")
    ]
    registry.manifest({"mediaType": INDEX, "manifests": rows}, "all", media_type=INDEX)
    with pytest.raises(SourceError) as raised:
        gathered(registry, "all")
    said = str(raised.value)
    assert f"{registry.source()}@{digest_of(b'arm64')} (linux/arm64)" in said


def test_other_bytes_than_the_digest_names(registry: Registry) -> None:
    asked = artifacts.raw(registry, FILES)
    sent = artifacts.raw(registry, {"config.json": b"{}"})
    data = registry.manifests["models/bot", sent][0]
    registry.bend = only("manifests", other(body=data))
    with pytest.raises(SourceError) as raised:
        gathered(registry, asked)
    assert f"expected {asked}, found {sent}" in str(raised.value)


def test_other_bytes_than_the_header_names(registry: Registry) -> None:
    stated = {"Docker-Content-Digest": digest_of(b"another")}
    registry.bend = only("manifests", other(headers=stated))
    with pytest.raises(SourceError, match="sent other bytes than it names"):
        gathered(registry)


SMALL = sorted(path for path in FILES if len(FILES[path]) < 100)


@pytest.mark.parametrize("body", [b"other bytes", b"", bytes(2 << 20)], ids=len)
def test_a_raw_layer_of_other_bytes_is_a_contradiction(registry: Registry, body: bytes) -> None:
    registry.bend = only("blobs", lambda r, a: Answer(body=body) if "range" not in r.headers else a)
    found = {path for code, path in seen(gathered(registry)) if code == "contradiction"}
    assert found == set(SMALL)


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "of other bytes": lambda data: data[:-1] + b"1",
    "that ends early": lambda data: data[:-1],
    "that is empty": lambda data: b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_tar_layer_names_both_digests(registry: Registry, name: str) -> None:
    digest = artifacts.packed(registry, FILES, TAR, "packed")
    stated = json.loads(registry.manifests["models/bot", digest][0])["layers"][0]["digest"]
    changed = BROKEN[name](registry.blobs[stated][:])
    registry.blobs[stated] = changed
    with pytest.raises(SourceError) as raised:
        gathered(registry, "packed")
    assert "the registry sent other bytes than the manifest names" in str(raised.value)
    assert stated in str(raised.value)
    assert digest_of(changed) in str(raised.value)


def test_a_connection_that_breaks_off_is_taken_up_again(registry: Registry, tmp_path: Path) -> None:
    artifacts.packed(registry, FILES, TAR, "packed")
    registry.bend = only("blobs", times(2, other(cut=1 << 20)))
    assert set(files(gathered(registry, "packed"))) == set(FILES)
    assert any("range" in request.headers for request in registry.requests)


def test_one_that_always_breaks_off_is_given_up(registry: Registry) -> None:
    artifacts.packed(registry, FILES, TAR, "packed")
    registry.bend = only("blobs", other(cut=0))
    with pytest.raises(SourceError, match="is not HTTP, or is cut off"):
        gathered(registry, "packed")


RANGES: dict[str, tuple[Callable[[Request, Answer], Answer], str]] = {
    "another size": (
        lambda r, a: dataclasses.replace(
            a, headers={**a.headers, "Content-Range": a.headers["Content-Range"] + "0"}
        ),
        "contradiction",
    ),
    "another place": (
        lambda r, a: dataclasses.replace(a, headers={"Content-Range": "bytes 7-9/3145848"}),
        "limit",
    ),
    "fewer bytes": (lambda r, a: dataclasses.replace(a, body=a.body[:100]), "limit"),
    "the whole": (
        lambda r, a: Answer(body=FILES["model.safetensors"]),
        "limit",
    ),
}


@pytest.mark.parametrize("name", RANGES)
def test_an_answer_by_range_that_is_none(registry: Registry, name: str) -> None:
    change, code = RANGES[name]
    registry.bend = only("blobs", lambda r, a: change(r, a) if a.status == 206 else a)
    assert (code, "model.safetensors") in seen(gathered(registry))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_it_is_asked_again(registry: Registry, status: int) -> None:
    registry.bend = times(2, other(status=status, headers={"Retry-After": "3"}))
    waits: list[float] = []
    found = store(registry)
    found.repository.wait = waits.append
    assert found.opened("v1").entries
    assert waits[0] == 3.0


def test_and_given_up_politely(registry: Registry) -> None:
    registry.bend = other(status=429, headers={"Retry-After": "1000"})
    with pytest.raises(SourceError, match="try again in 1000 seconds, as it asks"):
        gathered(registry)
    assert len(registry.requests) == 1


@pytest.mark.parametrize("revision", ["none", digest_of(b"none")])
def test_what_is_not_there(registry: Registry, revision: str) -> None:
    with pytest.raises(Absent, match="no such repository, tag or digest"):
        gathered(registry, revision)


def test_a_missing_latest_says_what_to_type(registry: Registry) -> None:
    with pytest.raises(Absent, match=f"name a tag or a digest: {registry.source()}:TAG"):
        store(registry).opened(None)


def test_nobody_answers() -> None:
    with Registry() as gone:
        found = store(gone)
    with pytest.raises(SourceError, match="no server answers there"):
        found.opened("v1")


LED = {
    "to a file": "file:///etc/passwd",
    "in a circle": "",
}


@pytest.mark.parametrize("name", LED)
def test_redirects_end(registry: Registry, name: str) -> None:
    def bend(request: Request, answer: Answer) -> Answer:
        return Answer(status=307, headers={"Location": LED[name] or request.path})

    registry.bend = only("blobs", bend)
    artifacts.packed(registry, FILES, TAR, "packed")
    with pytest.raises(SourceError, match="redirect"):
        gathered(registry, "packed")


ADDRESSES = {
    "oci://docker.io/ollama": "https://registry-1.docker.io/v2/library/ollama",
    "oci://docker.io/ai/smollm2": "https://registry-1.docker.io/v2/ai/smollm2",
    "oci://registry.acme.example:5000/a/b/c": "https://registry.acme.example:5000/v2/a/b/c",
    "oci://localhost:5000/bot": "http://localhost:5000/v2/bot",
    "oci://127.0.0.1/bot": "http://127.0.0.1/v2/bot",
    "oci://127.0.0.1.example/bot": "https://127.0.0.1.example/v2/bot",
    "oci://localhost.example:1/bot": "https://localhost.example:1/v2/bot",
}


@pytest.mark.parametrize("source", ADDRESSES)
def test_where_a_repository_is(source: str) -> None:
    assert parsed(source).base == ADDRESSES[source]


@pytest.mark.parametrize(
    "source", ["oci://host/../x", "oci://host/A", "oci:///x", "oci://host/a//b"]
)
def test_what_is_no_address(source: str) -> None:
    with pytest.raises(ConfigError, match="expected oci://host"):
        parsed(source)


@pytest.mark.parametrize("revision", ["a/b", "x+y", "-x", "a" * 129])
def test_what_is_no_tag(registry: Registry, revision: str) -> None:
    with pytest.raises(ConfigError, match="expected a tag of a registry"):
        store(registry).opened(revision)


def test_a_layer_of_another_algorithm_is_of_no_known_digest(registry: Registry) -> None:
    one = layer(registry, b"weights", RAW, "m.bin")
    one["digest"] = registry.blob(b"weights", "sha512:" + "a" * 128)
    registry.manifest(artifact(registry, [one]), "other")
    assert ("undeclared", "m.bin") in seen(gathered(registry, "other"))


def test_a_download_that_leads_out_is_refused(registry: Registry, tmp_path: Path) -> None:
    from threading import Event

    from provenance.source.progress import Silent, Unit

    release = store(registry).opened("v1").release
    step = Silent().step("", 0, Unit.BYTES)
    with pytest.raises(SourceError, match="leads out of the model's folder"):
        release.download("../x", tmp_path, again=False, step=step, stop=Event())
    assert set(downloaded(registry, tmp_path)) == set(FILES)
