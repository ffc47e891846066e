"""The registry of others takes what promote sends, and gives it back as it was sent."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests import forge
from tests.hub import Hub
from tests.hubs import REPO, desk, signed
from tests.promoting.docks import TAG, Dock, Pier, rules

PROGRAM = shutil.which("docker-registry")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(PROGRAM is None, reason="docker-registry is not installed"),
]
CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def _free() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def served(root: Path) -> Iterator[str]:
    """Debian's registry on loopback; its host."""
    port = _free()
    (root / "config.yml").write_text(CONFIG.format(root=root / "blobs", port=port))
    child = subprocess.Popen(
        [str(PROGRAM), "serve", str(root / "config.yml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with closing(socket.socket()) as line:
                if not line.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(20)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Pier]:
    """A desk at Debian's registry."""
    with Hub(tmp_path) as hub, served(tmp_path) as host:
        commit = hub.commit(REPO, signed(tmp_path / "m", forge.MODEL))

        def read() -> Mapping[str, bytes]:
            base = f"http://{host}/v2/models/bot"
            request = urllib.request.Request(
                f"{base}/manifests/{TAG}",
                headers={"Accept": "application/vnd.oci.image.manifest.v1+json"},
            )
            layers = json.load(urllib.request.urlopen(request))["layers"]
            return {
                one["annotations"]["org.opencontainers.image.title"]: urllib.request.urlopen(
                    f"{base}/blobs/{one['digest']}"
                ).read()
                for one in layers
            }

        dock = Dock(
            to=f"oci://{host}/models/bot",
            read=read,
            put=print,
            foreign=print,
            tagged=("--tag", TAG),
        )
        made = Pier(desk=desk(tmp_path, hub), dock=dock, commit=commit)
        made.trust()
        made.key.write_bytes(forge.pem(forge.key("gate")))
        made.desk.locked({"repo": REPO})
        yield made


def test_a_model_is_promoted_verified_replaced_and_refused(there: Pier) -> None:
    for already in (False, True):
        code, told = there.promote()
        assert (code, "lies there already" in told) == (0, already), told
    found = there.dock.read()
    assert {path: found[path] for path in forge.MODEL} == dict(forge.MODEL)
    code, model = there.verify("--as", REPO)
    assert (code, model["mirror_of"]) == (0, there.origin), model
    newer = there.release(config_json=b'{"model_type": "llama", "hidden_size": 8}')
    assert newer.promote()[0] == 2
    code, told = newer.promote("--replace")
    assert code == 0, told
    code, model = newer.verify("--as", REPO)
    assert (code, model["mirror_of"]) == (0, newer.origin), model
    there.trust(revoked=[{"repo": REPO, "reason": "a backdoor"}])
    code, model = there.verify()
    assert (code, rules(model)) == (1, {"registry/revoked"})
