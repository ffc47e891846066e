"""A registry that was published by TUF, from its server or from what was kept of it.

Trust begins at the root that the caller committed, at every use anew; python-tuf's client does the
rest (TUF specification 1.0.34, section 5). What it verified stays in a cache, which is what refuses
an older version later. Nothing is ever taken from there because the server could not be reached.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from tuf.api.exceptions import (
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.api.metadata import Metadata, Root, Targets
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from provenance.errors import ConfigError, RegistryRefused, SourceError
from provenance.model import Document
from provenance.registry import fingerprints
from provenance.registry.fetcher import CacheFetcher, ServerFetcher
from provenance.registry.keeping import alone, copied, is_own, is_writable
from provenance.registry.store import FILE_NAME, assembled
from provenance.registry.unpublished import SECTION
from provenance.source.evidence_files import split
from provenance.source.files import write
from provenance.trust import Registry, Release
from provenance.trust import Root as TrustRoot

MAX_ROOT = 1 << 19
MAX_TARGET = 16 << 20
MAX_DELEGATIONS = 4096
ROOT, SEEN, FIRST_USE = "root.json", "seen", "first-use.json"
KEPT = "run once without --offline, so that a copy is kept"
NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a registry is published and by which root it is trusted, None to trust the first one.

    `cache` is the folder for what is kept of all registries, None where there is none;
    `authorities` a PEM file of those who may vouch for the server, None for those of this machine.
    """

    url: str
    root: bytes | None = None
    cache: Path | None = None
    offline: bool = False
    authorities: str | None = None


@dataclass(frozen=True, kw_only=True)
class Published:
    """A registry as its server has it now, or `offline` as it was kept, and what lies beside it.

    `first_use` is the digest of a root that nobody had committed.
    """

    url: str
    registry: Registry
    first_use: str | None
    _texts: _Targets
    _kept: tempfile.TemporaryDirectory[str] | None = field(repr=False, default=None)

    def attestations(self, repo: str) -> tuple[Document, ...]:
        """The bundles that were published for a repository; SourceError, or RegistryRefused."""
        owner = self.registry.owner(repo)
        if owner and owner.unknown:
            return ()
        name = attestation_file(repo)
        data = self._texts.data_later(name)
        return split(f"{self.registry.name}/{name}", data) if data is not None else ()

    def fingerprint(self, root: TrustRoot) -> bytes:
        """The file of a root's fingerprint, fetched once; ConfigError where none was published,
        SourceError, or RegistryRefused."""
        name = fingerprints.file_of(root)
        data = self._texts.data_later(name, fingerprints.MOST)
        if data is None:
            raise ConfigError("is not published", path=f"{self.url}: {name}")
        if wrong := fingerprints.other_than(root, data):
            raise RegistryRefused(f"{self.url}: {name} {wrong}")
        return data


def attestation_file(repo: str) -> str:
    """Where the detached bundles of a repository are published, one a line."""
    return f"attestations/{repo}.jsonl"


def open_published(place: Location, fetcher: FetcherInterface | None = None) -> Published:
    """The newest version of a registry, or what was kept of it where `place` is offline.

    Raises RegistryRefused if it is not what the root vouches for, SourceError if it could not be
    had, and ConfigError if the root or what its maintainers published is malformed.
    """
    temporary = None
    kept = place.cache / _key(place) if place.cache and is_own(place.cache) else None
    if kept and not is_own(kept):
        kept = None
    if kept and not place.offline and is_writable(kept):
        folder = kept
    else:
        # What is kept is not written to: it may lie where this user may only read.
        temporary = tempfile.TemporaryDirectory(prefix="provenance-")
        folder = copied(kept, Path(temporary.name))
    with alone(folder):
        server = fetcher or _fetcher(place, folder)
        root = place.root or _first_root(place, folder, server)
        texts = _Targets(_updater(place, root, folder, server), folder, place.url)
        seen = _seen(folder, offline=place.offline)
        texts.refresh()
        registry = assembled(texts, source=place.url)
        release = Release(name=registry.name, version=texts.version(FILE_NAME), seen=seen)
        digest = hashlib.sha256(root).hexdigest()
        releases = (release, *registry.releases[1:])
        known = tuple(replace(r, url=place.url, root=f"sha256:{digest}") for r in releases)
        registry = replace(registry, releases=known)
        if not place.offline:
            write(folder / SEEN, seen.isoformat())
    return Published(
        url=place.url,
        registry=registry,
        first_use=None if place.root else digest,
        _texts=texts,
        _kept=temporary,
    )


def read_root(data: bytes, where: str) -> Metadata[Root]:
    """The root that a file holds, signed by as many keys as it demands itself, or ConfigError."""
    try:
        root = Metadata[Root].from_bytes(data)
        if root.signed.type != Root.type:
            raise ConfigError(f"is {root.signed.type}, not a root", path=where)
        root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)
        check_distinct(root.signed, Root.type, Targets.type)
    except RepositoryError as error:
        raise ConfigError(f"not the root of a registry: {error}", path=where) from None
    return root


def check_distinct(root: Root, *roles: str) -> None:
    """No role counts one key under two names, or RepositoryError."""
    for role in roles:
        keys = [root.keys[keyid].keyval.get("public") for keyid in root.roles[role].keyids]
        if len(set(map(str, keys))) != len(keys):
            raise RepositoryError(f"{role} counts one key under two names")


class _Targets:
    """The texts that a TUF repository publishes, each fetched once it is asked for."""

    def __init__(self, updater: Updater, folder: Path, url: str) -> None:
        self._updater, self._folder, self._url = updater, folder, url
        self._lock = Lock()
        self._read: dict[str, bytes | None] = {}

    def refresh(self) -> None:
        """Every role of the top is today's, verified."""
        with _explained(self._url):
            self._updater.refresh()
            root = Metadata[Root].from_file(str(self._folder / ROOT)).signed
            check_distinct(root, *root.roles)

    def text(self, name: str) -> str:
        """The text of a target, or ConfigError if none of this name is published."""
        data = self.data(name)
        if data is None:
            raise ConfigError("is not published", path=f"{self._url}: {name[:200]}")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError(f"not UTF-8 at byte {error.start}", path=name) from None

    def data(self, name: str, most: int = MAX_TARGET) -> bytes | None:
        """The bytes of a target; None if none of this name is published."""
        with _explained(self._url):
            target = self._updater.get_targetinfo(name)
            if target is None:
                return None
            if target.length > most:
                raise RegistryRefused(f"{self._url}: {name} has {target.length} bytes")
            file = self._updater.find_cached_target(target)
            return Path(file or self._updater.download_target(target)).read_bytes()

    def data_later(self, name: str, most: int = MAX_TARGET) -> bytes | None:
        """The same once the registry is open, one thread and process at a time, each file once."""
        with self._lock:
            if name not in self._read:
                with alone(self._folder):
                    self._read[name] = self.data(name, most)
            return self._read[name]

    def version(self, name: str) -> int | None:
        """The version of the role that signed this file: the top's, or a section's."""
        section = name.removeprefix("sections/").removesuffix(".toml")
        role = Targets.type if name == FILE_NAME else f"{SECTION}{section}"
        with _explained(self._url):
            return Metadata[Targets].from_file(str(self._folder / f"{role}.json")).signed.version


def _fetcher(place: Location, folder: Path) -> FetcherInterface:
    if place.offline:
        return CacheFetcher(folder)
    return ServerFetcher(authorities=place.authorities)


def _updater(place: Location, root: bytes, folder: Path, server: FetcherInterface) -> Updater:
    (folder / "targets").mkdir(exist_ok=True)
    base = place.url.rstrip("/")
    try:
        read_root(root, place.url)
        return Updater(
            metadata_dir=str(folder),
            metadata_base_url=f"{base}/metadata/",
            target_dir=str(folder / "targets"),
            target_base_url=f"{base}/targets/",
            fetcher=server,
            config=UpdaterConfig(max_delegations=MAX_DELEGATIONS),
            bootstrap=root,
        )
    except RepositoryError as error:
        raise ConfigError(f"the committed root cannot be used: {error}", path=place.url) from None


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """What went wrong, as one of our own errors with the server's URL."""
    try:
        yield
    except DownloadLengthMismatchError as error:
        raise RegistryRefused(f"{url} sends more than it may: {error}") from None
    except ExpiredMetadataError as error:
        message = f"{url} has expired: {error}; whoever publishes it must renew it"
        raise RegistryRefused(message) from None
    except DeserializationError as error:
        raise SourceError(f"{url} answers with something else than a registry: {error}") from None
    except RepositoryError as error:
        kind = type(error).__name__.removesuffix("Error")
        raise RegistryRefused(f"{url}: {kind}: {error}") from None
    except DownloadError as error:
        raise SourceError(f"the registry {url} cannot be reached: {_cause(error)}") from None
    except OSError as error:
        raise SourceError(f"the registry {url} cannot be kept: {error}") from None


def _cause(error: BaseException) -> BaseException:
    return error.__cause__ or error


def _key(place: Location) -> str:
    return hashlib.sha256(b"\0".join((place.url.encode(), place.root or b""))).hexdigest()[:32]


def _first_root(place: Location, folder: Path, server: FetcherInterface) -> bytes:
    """The root that the first use found, the same ever since."""
    file = folder / FIRST_USE
    if not file.is_file():
        if place.offline:
            raise SourceError(f"nothing was kept of {place.url}: {KEPT}")
        with _explained(place.url):
            data = server.download_bytes(f"{place.url.rstrip('/')}/{ROOT}", MAX_ROOT)
        try:
            read_root(data, f"{place.url}: {ROOT}")
        except ConfigError as error:
            raise SourceError(str(error)) from None
        write(file, data.decode("utf-8"))
    return file.read_bytes()


def _seen(folder: Path, *, offline: bool) -> datetime:
    """When the server was last asked: now, or when that was kept."""
    if not offline:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat((folder / SEEN).read_text("utf-8"))
    except (OSError, ValueError):
        return NEVER
