"""A model in a registry, from its first verdict to its revocation, as it is typed."""

from __future__ import annotations

import base64
import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, Desk, desk, signed, trust
from tests.oci import artifacts
from tests.oci.artifacts import (
    IMAGE,
    IMAGE_CONFIG,
    RAW,
    TAR,
    TAR_GZIP,
    artifact,
    attached,
    layer,
    tar,
)
from tests.oci.server import Registry

Shelf = tuple[Desk, Registry]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """A desk, and a registry with a signed model."""
    with Hub(tmp_path) as hub, Registry() as registry:
        yield desk(tmp_path, hub), registry


def passes(made: Desk, *words: str | Path) -> str:
    """What a command that must end well says."""
    ended = made.run(*words)
    assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
    return ended.stdout + ended.stderr


def pushed(registry: Registry, folder: Path, how: str = "raw") -> str:
    """The model with its signature: attached to raw layers, packed with the other files."""
    files = signed(folder)
    if how != "raw":
        return artifacts.packed(registry, files, how)
    bundle = files.pop("model.sig")
    digest = artifacts.raw(registry, files)
    attached(registry, digest, bundle)
    return digest


@pytest.mark.parametrize("how", ["raw", TAR, TAR_GZIP, IMAGE])
def test_from_a_verdict_to_files(shelf: Shelf, tmp_path: Path, how: str) -> None:
    made, registry = shelf
    digest = pushed(registry, tmp_path / "signed", how)
    named = f"{registry.source()}@{digest}"
    said = passes(made, "verify", named, "--as", REPO, "--registry", "trust.toml")
    assert f"for declared digests at {digest[:12]}" in said
    passes(made, "verify", named, "--registry", "trust.toml")
    made.locked({"source": registry.source(), "revision": "v1", "repo": REPO})
    assert f'commit = "{digest}"' in made.lock.read_text()
    assert f'source = "{registry.source()}"' in made.lock.read_text()
    passes(made, "lock", "--check")
    passes(made, "fetch", "--local-dir", tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    passes(made, "verify", tmp_path / "model", "--as", REPO, "--lock")
    passes(made, "lock", "--measure", "--upgrade")


UNREAD = {
    "a layer that is not unpacked": (b"\x28\xb5\x2f\xfd", IMAGE.replace("gzip", "zstd"), 0),
    "a layer that is cut": (b"\x1f\x8b", IMAGE, 0),
    "more configurations than may be asked for": (b"", RAW, 2100),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_signature_that_may_lie_in_what_was_not_read_is_not_missing(
    shelf: Shelf, tmp_path: Path, name: str
) -> None:
    made, registry = shelf
    data, media_type, many = UNREAD[name]
    files = signed(tmp_path / "signed") if many else FILES
    if many:
        files = {**files, **{f"{n}/config.json": b'{"n": %d}' % n for n in range(many)}}
        artifacts.raw(registry, files)
    else:
        whole = gzip.compress(tar(*((f"models/{path}", one) for path, one in files.items())))
        layers = [layer(registry, whole, IMAGE), layer(registry, data, media_type)]
        registry.manifest(artifact(registry, layers, IMAGE_CONFIG), "v1")
    named = f"{registry.source()}:v1"
    said = made.run("verify", named, "--as", REPO, "--registry", "trust.toml", "--json")
    (model,) = json.loads(said.stdout)["models"]
    outcomes = {found["rule"]: found["outcome"] for found in model["findings"]}
    assert outcomes["signature/unread"] == "unknown"
    assert "signature/missing" not in outcomes


def test_a_command_is_run_with_it(shelf: Shelf, tmp_path: Path) -> None:
    made, registry = shelf
    pushed(registry, tmp_path / "signed")
    made.locked({"source": registry.source(), "revision": "v1", "repo": REPO})
    said = passes(made, "fetch")
    (digits,) = set(re.findall(r'revision="(\w+)"', said))
    for revision in (digits, "v1", "main"):
        load = f"print(h.snapshot_download({REPO!r}, revision={revision!r}))"
        words = f"import huggingface_hub as h; {load}"
        found = made.run("run", "--", sys.executable, "-c", words)
        assert (found.returncode, found.stdout.endswith(f"/{digits}\n")) == (0, True), found


def test_a_bill_of_materials_says_where_it_lies(shelf: Shelf, tmp_path: Path) -> None:
    made, registry = shelf
    digest = pushed(registry, tmp_path / "signed")
    made.locked({"source": registry.source(), "revision": "v1", "repo": REPO})
    passes(made, "fetch", "--local-dir", tmp_path / "model")
    text = made.run("bom", "provenance.lock", tmp_path / "model").stdout
    (model,) = json.loads(text)["components"]
    purl = PackageURL.from_string(model["purl"])
    assert (purl.type, purl.name, purl.version) == ("oci", "bot", digest)
    assert purl.qualifiers == {"repository_url": f"{registry.host}/models/bot", "tag": "v1"}


def test_a_summary_is_about_the_artifact_too(shelf: Shelf, tmp_path: Path) -> None:
    """An admission controller asks for summaries by the digest that a pod names."""
    made, registry = shelf
    digest = pushed(registry, tmp_path / "signed", TAR)
    made.locked({"source": registry.source(), "revision": "v1", "repo": REPO})
    (made.folder / "gate.pem").write_bytes(forge.pem(forge.key("gate")))
    passes(made, "fetch", "--local-dir", tmp_path / "model")
    words = ("--as", REPO, "--lock", "--format", "vsa", "--sign-key", "gate.pem", "-q")
    bundle = json.loads(made.run("verify", tmp_path / "model", *words).stdout)
    subjects = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))["subject"]
    named = registry.source().removeprefix("oci://")
    assert {"name": named, "digest": {"sha256": digest.removeprefix("sha256:")}} in subjects


def test_a_tag_that_moved_is_not_followed(shelf: Shelf, tmp_path: Path) -> None:
    made, registry = shelf
    first = pushed(registry, tmp_path / "one")
    made.locked({"source": registry.source(), "revision": "v1", "repo": REPO})
    artifacts.raw(registry, {**FILES, "config.json": b"{}"})
    passes(made, "lock", "--check")
    passes(made, "fetch", "--local-dir", tmp_path / "model")
    assert (tmp_path / "model" / "config.json").read_bytes() == FILES["config.json"]
    assert first in made.lock.read_text()


def test_what_is_printed_can_be_typed(shelf: Shelf) -> None:
    made, registry = shelf
    artifacts.raw(registry, FILES)
    for named in (f"{registry.source()}:v1", f"{registry.source()}@{registry.digest('v1')}"):
        ended = made.run("verify", named, "--format", "json")
        subjects = {f["where"] for m in json.loads(ended.stdout)["models"] for f in m["findings"]}
        assert named in subjects


@pytest.mark.parametrize("kind", ["manifest", "file", "artifact"])
def test_what_is_revoked_is_refused(shelf: Shelf, tmp_path: Path, kind: str) -> None:
    made, registry = shelf
    digest = pushed(registry, tmp_path / "one")
    made.locked({"source": registry.source(), "revision": "v1", "repo": REPO})
    line = next(x for x in made.lock.read_text().splitlines() if x.startswith("manifest = "))
    kinds: dict[str, dict[str, Any]] = {
        "manifest": {"manifest": line.split('"')[1]},
        "file": {"files": [artifacts.digest_of(FILES["model.safetensors"])]},
        "artifact": {"manifest": digest},
    }
    made.trust(trust(revoked=[{**kinds[kind], "reason": "poisoned"}]))
    for words in (
        ("verify",),
        ("verify", f"{registry.source()}@{digest}", "--registry", "trust.toml"),
        ("fetch", "--local-dir", tmp_path / "model"),
    ):
        ended = made.run(*words)
        assert (ended.returncode, "registry/revoked" in ended.stdout + ended.stderr) == (1, True)
    assert not (tmp_path / "model").exists()
    affected = made.run("registry", "affected", "--lock", made.lock, "--registry", "trust.toml")
    assert (affected.returncode, "poisoned" in affected.stdout) == (1, True)


def test_a_registry_that_changes_bytes_is_found_out(shelf: Shelf, tmp_path: Path) -> None:
    made, registry = shelf
    pushed(registry, tmp_path / "one")
    made.locked({"source": registry.source(), "revision": "v1", "repo": REPO})
    weights = FILES["model.safetensors"]
    registry.blobs[artifacts.digest_of(weights)] = weights[:-1] + b"\1"
    ended = made.run("fetch", "--local-dir", tmp_path / "model")
    assert (ended.returncode, "integrity/mismatch" in ended.stdout + ended.stderr) == (1, True)
    assert not (tmp_path / "model").exists()
