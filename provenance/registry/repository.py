"""A TUF repository on disk: `metadata/`, `targets/` and `root.json`, static files for any server.

Versions only grow, a file that stands is never written over, and `timestamp.json` comes last: what
a client reads is whole (TUF specification 1.0.34, section 6.2.6).
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from provenance.errors import ConfigError
from provenance.registry.signers import AnyMetadata, TufKey
from provenance.registry.store import assembled
from provenance.registry.unpublished import ONLINE, SECTION, TOP, UnpublishedMetadata, expiry
from provenance.source.files import write_bytes
from provenance.trust import Registry

HANDED_OUT = "root.json"
ORDER = (Targets.type, Snapshot.type, Root.type, Timestamp.type)
READABLE = JSONSerializer(compact=False)


@dataclass(frozen=True, slots=True)
class Repository:
    """The published registry in `folder`, or the place for a new one."""

    folder: Path

    @property
    def metadata(self) -> Path:
        """Where every version of every role lies."""
        return self.folder / "metadata"

    @property
    def targets(self) -> Path:
        """Where the published files lie, each named by its digest."""
        return self.folder / "targets"

    @property
    def waiting(self) -> Path:
        """Where new versions wait for signatures."""
        return self.folder / "prepared"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """The folder is there and nobody else publishes into it meanwhile, or ConfigError."""
        if self.folder.is_dir() and any(self.folder.iterdir()) and not self.metadata.is_dir():
            raise ConfigError("holds something else than a registry", path=str(self.folder))
        for folder in (self.metadata, self.targets):
            folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.metadata, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise ConfigError("somebody else publishes there now", path=str(self.folder)) from None
        finally:
            os.close(descriptor)

    def newest(self, role: str) -> AnyMetadata | None:
        """The newest version of a role that stands, or None."""
        if role == Timestamp.type:
            file = self.metadata / "timestamp.json"
            return _read(file) if file.is_file() else None
        named = re.compile(rf"([1-9][0-9]*)\.{re.escape(role)}\.json")
        found = [match for file in self.metadata.iterdir() if (match := named.fullmatch(file.name))]
        newest = max(found, key=lambda match: int(match[1]), default=None)
        return _read(self.metadata / newest[0]) if newest else None

    def draft(self) -> UnpublishedMetadata | None:
        """A draft that changes nothing yet, or None where nothing was published so far."""
        root, targets = self.newest(Root.type), self.newest(Targets.type)
        if root is None or targets is None:
            return None
        before = cast("Metadata[Root]", root)
        return UnpublishedMetadata(roles={Root.type: root, Targets.type: targets}, before=before)

    def registry(self) -> Registry | None:
        """What is published, without the sections that others keep; None if nothing is."""
        draft = self.draft()
        return assembled(_Published(self, draft.targets)) if draft else None

    def section(self, name: str) -> Targets | None:
        """The newest version of a section's metadata, or None."""
        found = self.newest(f"{SECTION}{name}")
        return found.signed if found else None

    def target(self, targets: Targets, name: str) -> bytes:
        """The bytes of a published file, or ConfigError if none of this name is listed."""
        if name not in targets.targets:
            raise ConfigError("is not published there", path=name)
        (place,) = targets.targets[name].get_prefixed_paths()
        return (self.targets / place).read_bytes()

    def prepared(self) -> UnpublishedMetadata:
        """The draft that waits for signatures, or ConfigError if none does."""
        files = sorted(self.waiting.glob("*.json")) if self.waiting.is_dir() else []
        if not files:
            raise ConfigError("nothing waits for signatures there", path=str(self.folder))
        standing = self.draft()
        new = {file.stem: _read(file) for file in files}
        roles = {**(standing.roles if standing else {}), **new}
        before = standing.before if standing else None
        return UnpublishedMetadata(roles=roles, before=before, changed=frozenset(new))

    def prepare(self, draft: UnpublishedMetadata) -> None:
        """The new versions wait for signatures; their targets lie where they will be published."""
        self._put(draft.files)
        self.waiting.mkdir(exist_ok=True)
        for role in draft.changed:
            write_bytes(self.waiting / f"{role}.json", _bytes(draft.roles[role]))

    def commit(
        self,
        draft: UnpublishedMetadata,
        hands: Sequence[TufKey],
        at: datetime,
        lifetimes: Mapping[str, int],
    ) -> bool:
        """The draft is published with a new snapshot and timestamp, or ConfigError.

        Who keeps a section may be without the online keys: then it lies ready for the next
        snapshot, and False is returned.
        """
        draft.check()
        self._put(draft.files)
        of_section = bool(draft.changed) and draft.changed.isdisjoint(TOP)
        listed = not of_section or _may_list(draft, hands)
        whole = self._listed(draft, at, lifetimes) if listed else draft
        whole.sign(hands)
        whole.check()
        self._write(whole)
        if self.waiting.is_dir():
            shutil.rmtree(self.waiting)
        return listed

    def _listed(
        self, draft: UnpublishedMetadata, at: datetime, lifetimes: Mapping[str, int]
    ) -> UnpublishedMetadata:
        """The draft with the snapshot that lists its newest versions, and the timestamp of that.

        What was ever listed stays so (TUF specification, section 5.5.5): a client that has seen it
        takes no snapshot without it. A role that nobody delegates to any more speaks for nothing.
        """
        before = self.newest(Snapshot.type)
        meta = dict(before.signed.meta) if before else {}
        meta["targets.json"] = MetaFile(draft.targets.version)
        delegations = draft.targets.delegations
        for role in (delegations.roles or {}) if delegations else ():
            newest = draft.roles.get(role) or self.newest(role)
            if newest:
                meta[f"{role}.json"] = MetaFile(newest.signed.version)
        snapshot = Snapshot(
            version=self._next(Snapshot.type),
            expires=expiry(Snapshot.type, at, lifetimes),
            meta=meta,
        )
        timestamp = Timestamp(
            version=self._next(Timestamp.type),
            expires=expiry(Timestamp.type, at, lifetimes),
            snapshot_meta=MetaFile(snapshot.version),
        )
        return draft.with_role(Snapshot.type, snapshot).with_role(Timestamp.type, timestamp)

    def _next(self, role: str) -> int:
        newest = self.newest(role)
        return newest.signed.version + 1 if newest else 1

    def _put(self, files: Mapping[str, bytes]) -> None:
        """The files lie under the names by which clients ask for them."""
        for name, data in files.items():
            (place,) = TargetFile.from_data(name, data, ["sha256"]).get_prefixed_paths()
            (self.targets / place).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self.targets / place, data)

    def _write(self, draft: UnpublishedMetadata) -> None:
        for role in sorted(draft.changed, key=_order):
            metadata = draft.roles[role]
            if role == Timestamp.type:
                write_bytes(self.metadata / "timestamp.json", _bytes(metadata))
                continue
            name = f"{metadata.signed.version}.{role}.json"
            if (self.metadata / name).exists():
                raise ConfigError("is published already, as something else", path=name)
            write_bytes(self.metadata / name, _bytes(metadata))
            if role == Root.type:
                write_bytes(self.folder / HANDED_OUT, _bytes(metadata))


@dataclass(frozen=True, slots=True)
class _Published:
    """The texts of a repository on disk."""

    repository: Repository
    targets: Targets

    def text(self, name: str) -> str:
        return self.repository.target(self.targets, name).decode("utf-8")

    def version(self, name: str) -> int | None:
        return self.targets.version


def _order(role: str) -> int:
    """What is listed comes before what lists it, and the timestamp last."""
    return ORDER.index(role) if role in ORDER else -1


def _may_list(draft: UnpublishedMetadata, hands: Sequence[TufKey]) -> bool:
    """Whether any of these keys signs the snapshot and any the timestamp."""
    own = {tuf_key.key.keyid for tuf_key in hands if tuf_key.private}
    return all(own & set(draft.root.roles[role].keyids) for role in ONLINE)


def _bytes(metadata: AnyMetadata) -> bytes:
    return metadata.to_bytes(READABLE)


def _read(file: Path) -> AnyMetadata:
    try:
        return Metadata[Any].from_bytes(file.read_bytes())
    except RepositoryError:
        said = "is not metadata of a registry: restore the file as it was published"
        raise ConfigError(said, path=str(file)) from None
