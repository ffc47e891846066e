"""A published registry behind nginx over TLS, and read by python-tuf's own client there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from tuf.ngclient import FetcherInterface, Updater

from provenance.errors import SourceError
from tests import forge
from tests.interop.servers import free_port, running
from tests.registry.house import House

pytestmark = pytest.mark.interop

CONFIGURATION = """\
user root;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        root {served};
        default_type application/octet-stream;
    }}
}}
"""


def certificate(folder: Path) -> Path:
    """A certificate of this machine's loopback address, by itself."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", "server.key", "-out", "server.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "server.pem"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A registry of two versions, served by nginx."""
    folder, port = tmp_path / "nginx", free_port()
    folder.mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate(folder)))
    house = House(root=tmp_path, url=f"https://127.0.0.1:{port}/")
    house.publish(forge.registry(forge.org("Acme", forge.signer("release"))))
    house.publish()
    text = CONFIGURATION.format(folder=folder, port=port, served=house.served)
    (folder / "nginx.conf").write_text(text)
    with running("nginx", "-c", str(folder / "nginx.conf"), port=port):
        yield house


def test_static_files_behind_nginx_are_a_registry(house: House) -> None:
    assert house.client().registry.releases[0].version == 2
    assert [org.name for org in house.client().registry.orgs] == ["Acme"]


def test_a_certificate_that_nobody_trusts_is_no_server(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(SourceError, match="cannot be reached"):
        house.client()


class Theirs(FetcherInterface):
    """The plainest fetcher there is."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        from tuf.api.exceptions import DownloadHTTPError

        answer = requests.get(url, timeout=10)
        if answer.status_code != 200:
            raise DownloadHTTPError(url, answer.status_code)
        return iter([answer.content])


def test_python_tufs_client_reads_the_same_over_it(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    updater = Updater(
        metadata_dir=str(folder),
        metadata_base_url=f"{house.url}metadata/",
        target_dir=str(folder),
        target_base_url=f"{house.url}targets/",
        fetcher=Theirs(),
        bootstrap=house.pinned(),
    )
    updater.refresh()
    target = updater.get_targetinfo("trust.toml")
    assert target
    assert Path(updater.download_target(target)).read_bytes() == house.file.read_bytes()
