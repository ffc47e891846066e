"""The contract of stores against servers that nobody tuned to us: two of S3, and one of Azure.

PROVENANCE_NANIO is the `bin` folder of an environment with nanio, which verifies each signature,
PROVENANCE_BUCKETS a folder with s3rver and azurite in its node_modules.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import obstore
import pytest
import requests
from botocore.config import Config
from obstore.store import AzureStore

from provenance.errors import SourceError
from tests.hubs import signed
from tests.interop.servers import free_port, running, told
from tests.source import test_stores as contract
from tests.source.stores import KEYS, Lot, bucket, desk

pytestmark = pytest.mark.interop

# Of azurite and s3rver, to which these are known by everybody.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
S3RVER = {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER"}
Answer = Callable[[Path], Any]


def _s3(port: int, keys: Mapping[str, str]) -> Lot:
    variables = {**keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        config=Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
        ),
    )
    own = bucket(client)
    return Lot(
        source=f"s3://{own.name}/teams/bot",
        put=own.put,
        remove=own.remove,
        swap=own.swap,
        states=False,
        keeps=False,
        variables=variables,
    )


@contextmanager
def nanio(root: Path) -> Iterator[Lot]:
    """Nanio, a server of S3 in Python, which refuses a wrong signature."""
    port = free_port()
    words = ("serve", "--data-dir", str(root), "--host", "127.0.0.1", "--port", str(port))
    own = {
        "NANIO_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"],
        "NANIO_SECRET_KEY": KEYS["AWS_SECRET_ACCESS_KEY"],
    }
    program = (
        *(f"{name}={value}" for name, value in own.items()),
        told("PROVENANCE_NANIO") / "nanio",
    )
    with running("env", *map(str, program), *words, port=port):
        yield _s3(port, KEYS)


@contextmanager
def s3rver(root: Path) -> Iterator[Lot]:
    """S3rver, a server of S3 in JavaScript, which knows neither versions nor checksums."""
    port = free_port()
    program = told("PROVENANCE_BUCKETS") / "node_modules/s3rver/bin/s3rver.js"
    words = ("-d", str(root), "-a", "127.0.0.1", "-p", str(port), "-s")
    with running("node", str(program), *words, port=port):
        yield _s3(port, S3RVER)


@contextmanager
def azurite(root: Path) -> Iterator[Lot]:
    """Azurite, which is Azure's own emulator of its storage."""
    port = free_port()
    program = told("PROVENANCE_BUCKETS") / "node_modules/azurite/dist/src/blob/main.js"
    words = ("--blobHost", "127.0.0.1", "--blobPort", str(port), "-l", str(root))
    with running("node", str(program), *words, "--skipApiVersionCheck", "-s", port=port):
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        _container(endpoint)
        variables = {
            "AZURE_STORAGE_ENDPOINT": endpoint,
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
        }
        make: Any = AzureStore
        store = make(
            "models", prefix="teams/bot", config=variables, client_options={"allow_http": True}
        )
        yield Lot(
            source="az://models/teams/bot",
            put=lambda path, data: obstore.put(store, path, data),
            remove=lambda path: obstore.delete(store, path),
            swap=lambda path, data: None,
            states=False,
            keeps=False,
            variables=variables,
        )


def _container(endpoint: str) -> None:
    """The container is there (Azure Storage services, authorization with a shared key)."""
    stamped = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    said = "\n".join(f"{name}:{value}" for name, value in sorted(stamped.items()))
    text = f"PUT{12 * chr(10)}{said}\n/{ACCOUNT}/{ACCOUNT}/models\nrestype:container"
    made = hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), sha256).digest()
    signature = base64.b64encode(made).decode()
    answer = requests.put(
        f"{endpoint}/models?restype=container",
        headers={**stamped, "Authorization": f"SharedKey {ACCOUNT}:{signature}"},
        timeout=20,
    )
    assert answer.status_code == 201, answer.text


SERVERS = {"nanio": nanio, "s3rver": s3rver, "azurite": azurite}
SECRETS = ("AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY")
WRONG = base64.b64encode(bytes(64)).decode()


@pytest.fixture(params=SERVERS)
def lot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lot]:
    """A place in a server, with a signed model in it."""
    with SERVERS[request.param](tmp_path / "served") as found:
        found.fill(signed(tmp_path / "model"))
        yield found


def test_it_is_held_to_the_contract(lot: Lot, tmp_path: Path) -> None:
    contract.test_ranges_and_small_files_are_the_bytes_that_lie_there(lot)
    contract.test_the_manifest_is_that_of_the_same_files_in_a_directory(lot, tmp_path)
    bench = desk(tmp_path, lot)
    contract.test_it_is_verified_locked_fetched_and_fetched_again(bench)
    lot.put("config.json", b'{"model_type": "other"}')
    ended = bench.run("fetch", "--local-dir", "again")
    assert (ended.returncode, "lies there now" in ended.stderr) == (5, True)


def test_names_are_read_as_they_are(lot: Lot) -> None:
    names = ("a b+c.json", "é.json", "sub/x~1.json")
    for name in names:
        lot.put(name, name.encode())
    release = lot.store().opened(None).release
    assert [release.whole(name, 99) for name in names] == [name.encode() for name in names]


def test_who_has_no_right_is_told_what_to_type_and_no_secret(
    lot: Lot, request: pytest.FixtureRequest
) -> None:
    if lot.variables.get("AWS_ACCESS_KEY_ID") == S3RVER["AWS_ACCESS_KEY_ID"]:
        return  # it shows everything to everybody
    wrong = {name: WRONG for name in SECRETS if name in lot.variables}
    with pytest.raises(SourceError, match="set A") as caught:
        replace(lot, variables={**lot.variables, **wrong}).store().opened(None)
    assert WRONG not in str(caught.value)
    assert "X-Amz" not in str(caught.value)
