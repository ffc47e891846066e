"""Debian's registry, and artifacts that the tools of others push there."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, Desk, desk, signed
from tests.interop.servers import free_port, running, told
from tests.oci import artifacts
from tests.oci.artifacts import IMAGE, TAR, TAR_GZIP
from tests.oci.server import INDEX, MANIFEST, Registry

pytestmark = pytest.mark.interop

USER, PASSWORD = "bot", "s3cret"
HASHED = "$2b$05$FOTSPcFRUyt2pOWMdp9JvuUBmiY0xi4g694iGA0qeGQnFPYYia0ZO"
PUSH = """
import sys
import oras.client
host, *files = sys.argv[1:]
client = oras.client.OrasClient(hostname=host, insecure=True)
assert client.push(target=f"{host}/models/bot:v1", files=files).ok
"""


@dataclass(frozen=True)
class Debian:
    """The registry, by its address, and with what it is asked."""

    host: str
    auth: tuple[str, str] | None = None

    def put(self, path: str, data: bytes, **headers: str) -> None:
        """A blob or manifest is there."""
        base = f"http://{self.host}/v2/models/bot"
        if path.startswith("blobs/"):
            begun = requests.post(f"{base}/blobs/uploads/", auth=self.auth, timeout=60)
            mark = "&" if "?" in begun.headers["Location"] else "?"
            url = f"{begun.headers['Location']}{mark}digest={path.removeprefix('blobs/')}"
        else:
            url = f"{base}/{path}"
        requests.put(url, data=data, headers=headers, auth=self.auth, timeout=60).raise_for_status()

    def take(self, held: Registry) -> None:
        """All that a registry of the tests holds is there too."""
        for digest, blob in held.blobs.items():
            self.put(f"blobs/{digest}", blob[:])
        for (_, reference), (data, media_type) in sorted(
            held.manifests.items(), key=lambda item: item[1][1] == INDEX
        ):
            self.put(f"manifests/{reference}", data, **{"Content-Type": media_type})


@contextmanager
def debian(folder: Path, *, closed: bool = False) -> Iterator[Debian]:
    """The registry on loopback, until the end of the block; `closed` asks who one is."""
    port = free_port()
    settings: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    folder.mkdir()
    if closed:
        (folder / "htpasswd").write_text(f"{USER}:{HASHED}\n")
        settings["auth"] = {"htpasswd": {"realm": "r", "path": str(folder / "htpasswd")}}
    (folder / "settings.yml").write_text(json.dumps(settings))
    with running("docker-registry", "serve", str(folder / "settings.yml"), port=port):
        yield Debian(f"127.0.0.1:{port}", (USER, PASSWORD) if closed else None)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Desk]:
    with Hub(tmp_path) as hub:
        yield desk(tmp_path, hub)


def passes(made: Desk, *words: str | Path, **environment: str) -> str:
    """What a command that must end well says."""
    ended = made.run(*words, **environment)
    assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
    return ended.stdout


def lived_with(made: Desk, host: str, folder: Path, files: Mapping[str, bytes]) -> None:
    """The model at the tag is verified, locked and fetched."""
    source = f"oci://{host}/models/bot"
    passes(made, "verify", f"{source}:v1", "--as", REPO, "--registry", "trust.toml")
    made.locked({"source": source, "revision": "v1", "repo": REPO})
    passes(made, "fetch", "--local-dir", folder)
    for path, data in files.items():
        assert (folder / path).read_bytes() == data


@pytest.mark.parametrize("how", ["raw", TAR, TAR_GZIP, IMAGE])
def test_what_is_pushed_by_hand(made: Desk, tmp_path: Path, how: str) -> None:
    files, held = signed(tmp_path / "signed"), Registry()
    bundle = files["model.sig"]
    if how == "raw":
        del files["model.sig"]
        artifacts.attached(held, artifacts.raw(held, files), bundle, by_tag=True)
    else:
        artifacts.packed(held, files, how)
    with debian(tmp_path / "registry") as registry:
        registry.take(held)
        lived_with(made, registry.host, tmp_path / "model", files)


def test_what_oras_pushes(made: Desk, tmp_path: Path) -> None:
    folder = forge.write(tmp_path / "signed", {**FILES, "onnx/config.json": b"{}"})
    forge.sign(folder, forge.TufKey(key=forge.key("release")))
    python = told("PROVENANCE_ORAS") / "python"
    with debian(tmp_path / "registry") as registry:
        words: list[str | Path] = [
            python,
            "-c",
            PUSH,
            registry.host,
            *sorted(FILES),
            "model.sig",
            "onnx",
        ]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
        lived_with(made, registry.host, tmp_path / "model", {**FILES, "onnx/config.json": b"{}"})


def test_an_image_that_buildah_makes(made: Desk, tmp_path: Path) -> None:
    forge.write(tmp_path / "first", {**FILES, "config.json": b"[]"})
    second = forge.sign(forge.write(tmp_path / "second"), forge.TufKey(key=forge.key("release")))
    files = {**forge.MODEL, "model.sig": (second / "model.sig").read_bytes()}
    store = ["--root", tmp_path / "root", "--runroot", tmp_path / "run"]

    def buildah(*words: str | Path) -> str:
        ended = subprocess.run(
            ["buildah", *map(str, store), *map(str, words)],
            env={**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"},
            check=True,
            capture_output=True,
            text=True,
        )
        return ended.stdout.strip()

    with debian(tmp_path / "registry") as registry:
        base = "scratch"
        for place in ("first", "second"):
            container = buildah("from", base)
            buildah("copy", container, tmp_path / place, "/models")
            buildah("commit", container, base := f"localhost/{place}")
        buildah("push", "--tls-verify=false", base, f"docker://{registry.host}/models/bot:v1")
        lived_with(made, registry.host, tmp_path / "model", files)


def test_one_that_asks_who_one_is(made: Desk, tmp_path: Path) -> None:
    files, held = signed(tmp_path / "signed"), Registry()
    artifacts.raw(held, files)
    with debian(tmp_path / "registry", closed=True) as registry:
        registry.take(held)
        words = ("verify", f"oci://{registry.host}/models/bot:v1", "--registry", "trust.toml")
        refused = made.run(*words)
        assert f"docker login {registry.host}" in refused.stdout
        entry = {"username": USER, "password": PASSWORD}
        file = tmp_path / "auth.json"
        file.write_text(json.dumps({"auths": {registry.host: entry}}))
        passes(made, *words, REGISTRY_AUTH_FILE=str(file))


def test_a_layer_that_was_changed_on_its_disk(made: Desk, tmp_path: Path) -> None:
    held = Registry()
    artifacts.packed(held, FILES, TAR_GZIP)
    with debian(tmp_path / "registry") as registry:
        registry.take(held)
        large = max((tmp_path / "registry" / "data").rglob("data"), key=lambda f: f.stat().st_size)
        large.write_bytes(gzip.compress(artifacts.tar(("config.json", b"{}"))))
        ended = made.run("verify", f"oci://{registry.host}/models/bot:v1")
    assert ended.returncode not in (0, 1)
    assert "sent other bytes than the manifest names" in " ".join(ended.stderr.split())
    assert MANIFEST
