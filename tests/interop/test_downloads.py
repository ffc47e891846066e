"""What huggingface_hub leaves on disk, from a Hub on loopback: cache, `--local-dir`, and git."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.model import Evidence, Ref
from provenance.source import directory
from tests import forge
from tests.interop.servers import await_answer, free_port, told

pytestmark = pytest.mark.interop

REPO = "acme/m"
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
FILES = {**forge.MODEL, "sub/model-2.safetensors": forge.safetensors(b"two"), ".gitattributes": b""}
DOWNLOAD = """
import sys
from huggingface_hub import snapshot_download
where = {"local_dir": sys.argv[2]} if len(sys.argv) > 2 else {}
print(snapshot_download(sys.argv[1], **where))
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Hub with one repository."""
    root = tmp_path_factory.mktemp("origin")
    repo = forge.write(root / REPO, FILES)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*GIT, *words], cwd=repo, check=True)
    return root


@pytest.fixture(scope="module")
def endpoint(origin: Path) -> Iterator[str]:
    """Its address, as long as the tests of this file run."""
    port = free_port()
    words = [sys.executable, str(told("PROVENANCE_SERVERS") / "hub.py"), str(origin), str(port)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as server:
        address = f"http://127.0.0.1:{port}"
        await_answer(f"{address}/api/models")
        yield address
        server.terminate()


def download(endpoint: str, home: Path, *where: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-c", DOWNLOAD, REPO, *map(str, where)],
        env={
            "HOME": str(home),
            "HF_ENDPOINT": endpoint,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip())


def gather(folder: Path) -> Evidence:
    return directory.collect(folder, ref=Ref(text="m"), at=forge.NOW)


def test_a_snapshot_of_the_cache(endpoint: str, origin: Path, tmp_path: Path) -> None:
    snapshot = download(endpoint, tmp_path)
    assert any(path.is_symlink() for path in snapshot.rglob("*"))
    found = gather(snapshot)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=origin / REPO, capture_output=True, text=True, check=True
    )
    assert found.ref.commit == head.stdout.strip()
    assert found.manifest == gather(forge.write(tmp_path / "plain", FILES)).manifest
    assert found.observations == ()


def test_a_download_into_a_folder(endpoint: str, tmp_path: Path) -> None:
    folder = tmp_path / "local"
    download(endpoint, tmp_path, folder)
    assert (folder / ".cache" / "huggingface").is_dir()
    found = gather(folder)
    assert found.manifest == gather(forge.write(tmp_path / "plain", FILES)).manifest
    assert found.observations == ()


def test_a_git_checkout(origin: Path, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    subprocess.run(["git", "clone", "-q", str(origin / REPO), str(folder)], check=True)
    found = gather(folder)
    assert found.manifest == gather(forge.write(tmp_path / "plain", FILES)).manifest
    assert found.observations == ()
