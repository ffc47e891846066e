"""The places that models are put into: a new writer is one row of DOCKS."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import tomli_w

from tests import forge
from tests.hub import Hub
from tests.hubs import REPO, Desk, desk, signed
from tests.oci.artifacts import layer
from tests.promoting.registry import Writable
from tests.source.stores import KEYS, s3_client, s3_server

TAG = "v1"
FILE_PATH = "org.cncf.model.filepath"
_numbers = count()


@dataclass(frozen=True, kw_only=True)
class Dock:
    """A place that is written to: `read` is what lies there now, as whoever uses it finds it;
    `put` changes a file there, `foreign` puts something of others where nothing was; `lose`
    makes a registry lose the blob of a file.

    `tagged` are the words that name the tag in a registry.
    """

    to: str
    read: Callable[[], Mapping[str, bytes]]
    put: Callable[[str, bytes], object]
    foreign: Callable[[], object]
    lose: Callable[[str], object] = lambda path: None
    variables: Mapping[str, str] = field(default_factory=dict)
    tagged: tuple[str, ...] = ()

    @property
    def typed(self) -> str:
        """As a user names what lies there."""
        return f"{self.to}:{TAG}" if self.tagged else self.to


@contextmanager
def folder(root: Path) -> Iterator[Dock]:
    """A folder."""
    place = root / "share" / "models" / "bot"

    def put(path: str, data: bytes) -> None:
        forge.write(place, {path: data})

    def read() -> Mapping[str, bytes]:
        files = (one for one in place.rglob("*") if one.is_file())
        return {one.relative_to(place).as_posix(): one.read_bytes() for one in files}

    yield Dock(to=f"file://{place}", read=read, put=put, foreign=lambda: put("notes.txt", b"ours"))


@contextmanager
def bucket(root: Path) -> Iterator[Dock]:
    """A prefix of a bucket of S3."""
    client, name = s3_client(), f"promoted-{os.getpid()}-{next(_numbers)}"
    client.create_bucket(Bucket=name)
    prefix = "teams/bot/"

    def put(path: str, data: bytes) -> None:
        client.put_object(Bucket=name, Key=prefix + path, Body=data)

    def read() -> Mapping[str, bytes]:
        found = client.list_objects_v2(Bucket=name, Prefix=prefix).get("Contents", ())
        keys = [one["Key"] for one in found]
        return {
            key.removeprefix(prefix): client.get_object(Bucket=name, Key=key)["Body"].read()
            for key in keys
        }

    yield Dock(
        to=f"s3://{name}/teams/bot",
        read=read,
        put=put,
        foreign=lambda: put("notes.txt", b"ours"),
        variables={**KEYS, "AWS_ENDPOINT_URL": s3_server()},
    )


def _registry(*, knows_subjects: bool) -> Iterator[Dock]:
    with Writable(knows_subjects=knows_subjects) as registry:
        name = "models/bot"

        def read() -> Mapping[str, bytes]:
            tagged = registry.tags(name).get(TAG)
            layers = json.loads(tagged)["layers"] if tagged else ()
            found = {one["annotations"][FILE_PATH]: registry.blobs[one["digest"]] for one in layers}
            return {path: data[:] for path, data in found.items()}

        def put(path: str, data: bytes) -> None:
            document = json.loads(registry.tags(name)[TAG])
            layers = [o for o in document["layers"] if o["annotations"][FILE_PATH] != path]
            document["layers"] = [*layers, layer(registry, data, path=path)]
            digest = registry.manifest(document, TAG, name)
            for (where, _), (other, kind) in list(registry.manifests.items()):
                if where == name and b'"subject"' in other:
                    moved = json.loads(other)
                    moved["subject"]["digest"] = digest
                    made = registry.manifest(moved, "", name, kind)
                    row = {"mediaType": kind, "digest": made, "size": 1}
                    index = {"schemaVersion": 2, "manifests": [row]}
                    index["mediaType"] = "application/vnd.oci.image.index.v1+json"
                    listed = (json.dumps(index).encode(), str(index["mediaType"]))
                    registry.manifests[name, digest.replace(":", "-")] = listed

        def lose(path: str) -> None:
            layers = json.loads(registry.tags(name)[TAG])["layers"]
            (digest,) = [o["digest"] for o in layers if o["annotations"][FILE_PATH] == path]
            del registry.blobs[digest]

        def foreign() -> None:
            empty = layer(registry, b"{}", "application/vnd.oci.empty.v1+json")
            registry.manifest({"schemaVersion": 2, "config": empty, "layers": [empty]}, TAG, name)

        yield Dock(
            to=registry.source(name),
            read=read,
            put=put,
            foreign=foreign,
            lose=lose,
            tagged=("--tag", TAG),
        )


@contextmanager
def registry(root: Path) -> Iterator[Dock]:
    """A repository of a registry that lists referrers itself."""
    yield from _registry(knows_subjects=True)


@contextmanager
def old_registry(root: Path) -> Iterator[Dock]:
    """A repository of a registry that knows no referrers, as Debian's 2.8."""
    yield from _registry(knows_subjects=False)


DOCKS: Mapping[str, Callable[[Path], AbstractContextManager[Dock]]] = {
    "a folder": folder,
    "S3": bucket,
    "a registry": registry,
    "a registry without referrers": old_registry,
}


@dataclass(frozen=True, kw_only=True)
class Pier:
    """A desk at a Hub with a signed model of Acme that is locked, and a dock to put it into."""

    desk: Desk
    dock: Dock
    commit: str

    @property
    def key(self) -> Path:
        """The key of the gate."""
        return self.desk.folder / "gate.pem"

    @property
    def origin(self) -> str:
        """What lies in the dock once the model was promoted."""
        return f"{REPO}@{self.commit}"

    def trust(self, *roles: str, **fields: object) -> None:
        """Acme publishes and signs; the bank's gate has these roles for its models."""
        gate = forge.signer("gate", roles or ["importer"], repos=["acme/*"])
        acme = forge.org("Acme", forge.signer("release"), originates=True)
        table = forge.registry(acme, forge.org("Bank", gate), **fields)
        (self.desk.folder / "trust.toml").write_text(tomli_w.dumps(table))

    def release(self, **changed: bytes) -> Pier:
        """A new release of the model, locked."""
        files = {**forge.MODEL, **{name.replace("_", "."): data for name, data in changed.items()}}
        commit = self.desk.hub.commit(REPO, signed(self.desk.folder / f"m{len(changed)}", files))
        ended = self.desk.run("lock", "--upgrade", "-q")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return Pier(desk=self.desk, dock=self.dock, commit=commit)

    def promote(self, *words: str, to: str = "") -> tuple[int, str]:
        """The exit code of `promote`, and what it says."""
        own = ["--to", to or self.dock.to, "--sign-key", str(self.key), *self.dock.tagged]
        ended = self.desk.run("promote", REPO, *own, *words, **self.dock.variables)
        return ended.returncode, ended.stdout + ended.stderr

    def verify(self, *words: str, at: str = "") -> tuple[int, dict[str, object]]:
        """The exit code of `verify` of what lies in the dock, and the one model of its report."""
        own = (at or self.dock.typed, "--registry", "trust.toml", "--json", *words)
        ended = self.desk.run("verify", *own, **self.dock.variables)
        assert ended.stdout, ended.stderr
        (model,) = json.loads(ended.stdout)["models"]
        return ended.returncode, model


def rules(model: Mapping[str, object]) -> set[str]:
    """What failed of a model."""
    findings = model["findings"]
    assert isinstance(findings, list)
    return {finding["rule"] for finding in findings if finding["outcome"] == "fail"}


@contextmanager
def pier(root: Path, name: str) -> Iterator[Pier]:
    """A desk below `root`, at the dock of this name."""
    with Hub(root) as hub, DOCKS[name](root) as dock:
        commit = hub.commit(REPO, signed(root / "m", forge.MODEL))
        made = Pier(desk=desk(root, hub), dock=dock, commit=commit)
        made.trust()
        made.key.write_bytes(forge.pem(forge.key("gate")))
        made.desk.locked({"repo": REPO})
        yield made
