"""The stores where models lie, each filled with one model: a new store is one row of STORES."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import tomli_w
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from provenance.source.remote.store import Store, StoreOptions, store
from tests import forge, program
from tests.hubs import REPO, trust
from tests.oci import artifacts
from tests.oci.artifacts import RAW
from tests.oci.server import Registry
from tests.ollama import Pulled

KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "secret-of-tests"}
SECRETS = (KEYS["AWS_SECRET_ACCESS_KEY"], "X-Amz-")
_numbers = count()


@dataclass(frozen=True, kw_only=True)
class Lot:
    """A place in a store where a model lies, by its `source`, and who may write there.

    `swap` puts other bytes of the same size in a file's place, as whoever runs the store can: all
    that the store states stays as it was.
    `states` says whether the store states a digest of large files, `keeps` whether a revision stays
    readable after what lies there is written over.
    """

    source: str
    put: Callable[[str, bytes], object]
    remove: Callable[[str], object]
    swap: Callable[[str, bytes], object]
    states: bool
    keeps: bool
    variables: Mapping[str, str] = field(default_factory=dict)

    def fill(self, files: Mapping[str, bytes]) -> None:
        """The files lie there."""
        for path, data in files.items():
            self.put(path, data)

    def store(self, **options: Any) -> Store:
        """The store, asked anew."""
        return store(self.source, StoreOptions(variables=self.variables, **options))


@contextmanager
def folder(root: Path) -> Iterator[Lot]:
    """A folder."""
    place = root / "mirror" / "bot"
    place.mkdir(parents=True)

    def put(path: str, data: bytes) -> None:
        forge.write(place, {path: data})

    def swap(path: str, data: bytes) -> None:
        before = (place / path).stat()
        (place / path).write_bytes(data)
        os.utime(place / path, ns=(before.st_atime_ns, before.st_mtime_ns))

    yield Lot(
        source=f"file://{place}",
        swap=swap,
        put=put,
        remove=lambda path: (place / path).unlink(),
        states=False,
        keeps=False,
    )


@cache
def s3_server() -> str:
    """Where moto answers as S3 on loopback, until this test run ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def s3_client() -> Any:
    """What writes there, as its own client does."""
    return boto3.client(
        "s3",
        endpoint_url=s3_server(),
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )


def s3_state(lot: Lot) -> Mapping[str, list[Any]]:
    """What the server holds of the bucket: by key, its versions from the first."""
    bucket = lot.source.split("/")[2]
    keys = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[bucket].keys
    return {key: keys.getlist(key) for key in keys}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A new bucket of a server; `client` is its own, `more` what each object is put with."""

    client: Any
    name: str
    more: Mapping[str, str]

    def key(self, path: str) -> dict[str, str]:
        """The object of a file."""
        return {"Bucket": self.name, "Key": f"teams/bot/{path}"}

    def put(self, path: str, data: bytes) -> None:
        """In one piece."""
        self.client.put_object(**self.key(path), Body=data, **self.more)

    def remove(self, path: str) -> None:
        """Of one that keeps versions, a mark that it is removed."""
        self.client.delete_object(**self.key(path))

    def swap(self, path: str, data: bytes) -> None:
        """Behind the back of the server, of moto alone."""
        keys = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[self.name].keys
        held = keys[self.key(path)["Key"]]
        stated = held.etag
        held.value, held._etag = data, stated.strip('"')


def bucket(client: Any, **more: str) -> Bucket:
    """One that was not there."""
    made = Bucket(client=client, name=f"models{os.getpid()}n{next(_numbers)}", more=more)
    client.create_bucket(Bucket=made.name)
    return made


@contextmanager
def versioned(root: Path) -> Iterator[Lot]:
    """A prefix of a bucket of S3 that keeps versions."""
    with unversioned(root) as lot:
        s3_client().put_bucket_versioning(
            Bucket=lot.source.split("/")[2], VersioningConfiguration={"Status": "Enabled"}
        )
        yield replace(lot, keeps=True)


@contextmanager
def unversioned(root: Path) -> Iterator[Lot]:
    """A prefix of a bucket of S3 that keeps none."""
    own = bucket(s3_client(), ChecksumAlgorithm="SHA256")
    yield Lot(
        source=f"s3://{own.name}/teams/bot",
        put=own.put,
        remove=own.remove,
        swap=own.swap,
        states=True,
        keeps=False,
        variables={**KEYS, "AWS_ENDPOINT_URL": s3_server()},
    )


@contextmanager
def google(root: Path) -> Iterator[Lot]:
    """A public bucket, as Google Cloud Storage is read: by its XML, which is that of S3."""
    own = bucket(s3_client(), ACL="public-read")
    own.client.put_bucket_acl(Bucket=own.name, ACL="public-read")
    yield Lot(
        source=f"gs://{own.name}/teams/bot",
        put=own.put,
        remove=own.remove,
        swap=own.swap,
        states=False,
        keeps=False,
        variables={"GOOGLE_BASE_URL": s3_server(), "GOOGLE_SKIP_SIGNATURE": "true"},
    )


def _registry(media_type: str) -> Iterator[Lot]:
    """A repository whose tag `latest` is the model, packed anew after every change."""
    files: dict[str, bytes] = {}
    with Registry() as registry:

        def pushed() -> None:
            if media_type == RAW:
                artifacts.raw(registry, files, "latest")
            else:
                artifacts.packed(registry, files, media_type, "latest")

        def put(path: str, data: bytes) -> None:
            files[path] = data
            pushed()

        def remove(path: str) -> None:
            del files[path]
            pushed()

        def swap(path: str, data: bytes) -> None:
            for digest, blob in registry.blobs.items():
                registry.blobs[digest] = blob[:].replace(files[path], data)

        yield Lot(
            source=registry.source(), swap=swap, put=put, remove=remove, states=True, keeps=True
        )


@contextmanager
def raw_layers(root: Path) -> Iterator[Lot]:
    """A repository of a registry, with a layer for each file."""
    yield from _registry(RAW)


@contextmanager
def pulled(root: Path) -> Iterator[Lot]:
    """A model in Ollama's own store, each file a layer with a name."""
    store, held = Pulled(folder=root / "ollama"), dict[str, bytes]()

    def put(path: str, data: bytes) -> None:
        held[path] = data
        store.named("bot/latest", held)

    def remove(path: str) -> None:
        del held[path]
        store.named("bot/latest", held)

    def swap(path: str, data: bytes) -> None:
        place = store.place(held[path])
        before = place.stat()
        place.write_bytes(data)
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))

    yield Lot(
        source="ollama://bot",
        swap=swap,
        put=put,
        remove=remove,
        states=True,
        keeps=False,
        variables={"OLLAMA_MODELS": str(store.folder)},
    )


STORES: Mapping[str, Callable[[Path], AbstractContextManager[Lot]]] = {
    "a folder": folder,
    "Ollama": pulled,
    "S3 with versions": versioned,
    "S3 without versions": unversioned,
    "a registry of artifacts": raw_layers,
    "Google Cloud Storage": google,
}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A working directory with a registry, and a model in a store that it names."""

    root: Path
    lot: Lot

    @property
    def folder(self) -> Path:
        """Where commands are typed."""
        return self.root / "work"

    def settings(self, *others: Mapping[str, Any], **model: Any) -> None:
        """The model of the store, and others, are in provenance.toml."""
        own = {"name": "bot", "repo": REPO, "source": self.lot.source, **model}
        text = {"policy": {"registry": ["trust.toml"]}, "models": [own, *others]}
        (self.folder / "provenance.toml").write_text(tomli_w.dumps(text))

    def trust(self, **fields: Any) -> None:
        """The trust.toml: Acme signs what it publishes."""
        (self.folder / "trust.toml").write_text(tomli_w.dumps(trust(**fields)))

    def environment(self) -> dict[str, str]:
        """The variables of a caller who may read the store."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        home = {"HOME": str(self.root / "home"), "COLUMNS": "100"}
        return {**kept, **home, **self.lot.variables}

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """`provenance` with these words, to its end; it tells nobody a secret."""
        ended = program.run(words, self.folder, self.environment())
        told = ended.stdout + ended.stderr
        assert "Traceback" not in told, told
        assert not [word for word in SECRETS if word in told], told
        return ended


def desk(root: Path, lot: Lot) -> Desk:
    """A desk below `root`, whose settings name the model."""
    made = Desk(root=root, lot=lot)
    for name in ("work", "home"):
        (root / name).mkdir()
    made.trust()
    made.settings()
    return made
