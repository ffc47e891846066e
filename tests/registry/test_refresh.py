"""`--refresh-roots`: a trusted root by TUF from loopback, and none from a repository gone bad."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from provenance.errors import SourceError
from provenance.registry.refresh import PUBLIC_GOOD_URL, trusted_root
from tests.quiet import Quiet

TRUSTED = json.dumps({"mediaType": "a trusted root"}).encode()
FIRST = "1.root.json"


class Site(Quiet, SimpleHTTPRequestHandler):
    """The files of a folder."""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of a web server over `tmp_path`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def put(place: Path, metadata: Metadata[Any], signer: CryptoSigner) -> None:
    metadata.sign(signer)
    metadata.to_file(str(place))


def publish(folder: Path, *, days: int = 1, signer: CryptoSigner | None = None) -> bytes:
    """A TUF repository of one target, and its first root; `signer` signs all but the root."""
    own = CryptoSigner.generate_ecdsa()
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    target = TargetFile.from_data("trusted_root.json", TRUSTED)
    targets = Targets(expires=expires, targets={"trusted_root.json": target})
    place = folder / "targets"
    place.mkdir()
    (place / f"{target.hashes['sha256']}.trusted_root.json").write_bytes(TRUSTED)
    root = Root(expires=expires, consistent_snapshot=True)
    for role in ("root", "targets", "snapshot", "timestamp"):
        root.add_key(own.public_key, role)
    snapshot = Snapshot(expires=expires, meta={"targets.json": MetaFile(version=1)})
    timestamp = Timestamp(expires=expires, snapshot_meta=MetaFile(version=1))
    put(folder / FIRST, Metadata(root), own)
    put(folder / "1.targets.json", Metadata(targets), signer or own)
    put(folder / "1.snapshot.json", Metadata(snapshot), signer or own)
    put(folder / "timestamp.json", Metadata(timestamp), signer or own)
    return (folder / FIRST).read_bytes()


def test_the_root_comes_by_tuf(tmp_path: Path, url: str) -> None:
    assert trusted_root(url, publish(tmp_path)) == TRUSTED.decode()


def test_an_expired_repository_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceError, match="expired"):
        trusted_root(url, publish(tmp_path, days=-1))


def test_another_s_signature_is_refused(tmp_path: Path, url: str) -> None:
    first = publish(tmp_path, signer=CryptoSigner.generate_ecdsa())
    with pytest.raises(SourceError):
        trusted_root(url, first)


def test_a_changed_target_is_refused(tmp_path: Path, url: str) -> None:
    first = publish(tmp_path)
    for target in (tmp_path / "targets").iterdir():
        target.write_bytes(TRUSTED.replace(b"a trusted", b"b trusted"))
    with pytest.raises(SourceError):
        trusted_root(url, first)


def test_nobody_there_is_a_source_error(tmp_path: Path) -> None:
    first = publish(tmp_path)
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:1"):
        trusted_root("http://127.0.0.1:1", first)


def test_the_public_good_address_is_encrypted() -> None:
    assert PUBLIC_GOOD_URL.startswith("https://")
