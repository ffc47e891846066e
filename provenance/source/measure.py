"""Reading every byte once: digests, kinds and beginnings, on all cores."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from threading import Lock
from typing import BinaryIO, Protocol

from provenance.formats import content
from provenance.model import Content, File, Observation, PartDigest
from provenance.oms import Need
from provenance.source.layout import Entry
from provenance.source.progress import Progress

CHUNK = 1 << 20
SMALL = 1 << 20
TINY = 64 << 10
MAX_WORKERS = 8
FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | os.O_CLOEXEC


class Hash(Protocol):
    """What hashlib and blake3 have in common."""

    def update(self, data: bytes | memoryview, /) -> object:
        """More bytes."""

    def hexdigest(self) -> str:
        """The digest of all bytes so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one file turned out to be; no `file` if it could not be read to its end, unchanged."""

    file: File | None = None
    content: Content | None = None
    parts: tuple[PartDigest, ...] = ()
    observations: tuple[Observation, ...] = ()


class Budget:
    """How many bytes of headers and documents may still be kept for one model."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._lock = Lock()

    @property
    def left(self) -> int:
        """The bytes that may still be kept."""
        return self._left

    def keep(self, content: Content) -> Content | None:
        """The content if its head still fits, else None."""
        with self._lock:
            if len(content.head) > self._left:
                return None
            self._left -= len(content.head)
        return content


def measure(
    entries: Sequence[Entry],
    *,
    needs: frozenset[Need],
    budget: Budget,
    progress: Progress,
    workers: int | None = None,
) -> Iterator[Measured]:
    """Each of `entries` measured, in their order, by as many threads as there are cores."""
    sizes = [_size(entry) for entry in entries]
    progress.begin(sum(sizes), len(entries))
    order = sorted(range(len(entries)), key=lambda n: (-sizes[n], entries[n].path))
    found: dict[int, Measured] = {}

    def work(batch: Sequence[int]) -> list[tuple[int, Measured]]:
        return [(n, _measure(entries[n], needs, budget, progress)) for n in batch]

    count = workers or min(os.cpu_count() or 1, MAX_WORKERS)
    try:
        with ThreadPoolExecutor(count) as pool:
            found.update(chain.from_iterable(pool.map(work, _batches(order, sizes))))
    finally:
        progress.end()
    return (found[n] for n in range(len(entries)))


def _size(entry: Entry) -> int:
    try:
        return os.stat(entry.place, follow_symlinks=False).st_size
    except OSError:
        return 0


def _batches(order: Sequence[int], sizes: Sequence[int]) -> Iterator[Sequence[int]]:
    """Tiny files all in one thread, where they would only wait for each other; the rest alone."""
    large = sum(sizes[n] > TINY for n in order)
    yield order[large:]
    yield from ([n] for n in order[:large])


def _measure(entry: Entry, needs: frozenset[Need], budget: Budget, progress: Progress) -> Measured:
    try:
        with os.fdopen(os.open(entry.place, FLAGS), "rb") as stream:
            return _read(entry, stream, needs, budget, progress)
    except OSError as error:
        return _unread(entry, "unreadable", f"{error.strerror or error}: mend its permissions")


def _read(
    entry: Entry,
    stream: io.BufferedReader,
    needs: frozenset[Need],
    budget: Budget,
    progress: Progress,
) -> Measured:
    before = os.fstat(stream.fileno())
    if not stat.S_ISREG(before.st_mode):
        return _unread(entry, "special-file", "neither a file nor a folder: remove it")
    size = before.st_size
    digest, parts, count, facts = _digests(entry.path, stream, size, needs, progress)
    seen, observations = content.read(facts, entry.path, count, limit=budget.left)
    if count != size or _stamp(os.fstat(stream.fileno())) != _stamp(before):
        return _unread(entry, "changed", "it changed while it was read: verify a copy at rest")
    kept = budget.keep(seen)
    if kept is None:
        kept = Content(path=entry.path, kind=seen.kind)
        observations = (*observations, _over(entry))
    file = File(path=entry.path, size=size, sha256=digest)
    return Measured(file=file, content=kept, parts=parts, observations=observations)


def _digests(
    path: str, stream: io.BufferedReader, size: int, needs: frozenset[Need], progress: Progress
) -> tuple[str, tuple[PartDigest, ...], int, BinaryIO]:
    """The digests, the bytes read, and what to read facts from: a small file is read only once."""
    if size > SMALL:
        return *_hash_stream(path, stream, size, needs, progress), stream
    data = stream.read(SMALL + 1)
    progress.advance(len(data))
    return *_hash_bytes(path, data, needs), len(data), io.BytesIO(data)


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _unread(entry: Entry, code: str, detail: str) -> Measured:
    return Measured(observations=(Observation(code=code, path=entry.path, detail=detail),))


def _over(entry: Entry) -> Observation:
    return Observation(
        code="limit", path=entry.path, detail="the headers and documents of the model are too many"
    )


def algorithm(name: str) -> Hash | None:
    """A fresh hash, or None if this machine cannot compute it."""
    if name != "blake3":
        made: Hash = hashlib.new(name, usedforsecurity=True)
        return made
    try:
        hasher: Hash = import_module("blake3").blake3()
    except ImportError:
        return None
    return hasher


def _hash_bytes(
    path: str, data: bytes, needs: frozenset[Need]
) -> tuple[str, tuple[PartDigest, ...]]:
    trackers = [Tracker(path, need) for need in needs]
    for tracker in trackers:
        tracker.update(memoryview(data))
    parts = tuple(chain.from_iterable(tracker.end() for tracker in trackers))
    return hashlib.sha256(data).hexdigest(), parts


def _hash_stream(
    path: str, stream: io.BufferedReader, size: int, needs: frozenset[Need], progress: Progress
) -> tuple[str, tuple[PartDigest, ...], int]:
    digest = hashlib.sha256()
    trackers = [Tracker(path, need) for need in needs]
    buffer = memoryview(bytearray(CHUNK))
    total = 0
    while count := stream.readinto(buffer):
        part = buffer[:count]
        digest.update(part)
        for tracker in trackers:
            tracker.update(part)
        total += count
        progress.advance(count)
        if total > size:
            break
    parts = tuple(chain.from_iterable(tracker.end() for tracker in trackers))
    return digest.hexdigest(), parts, total


class Tracker:
    """Digests of one file as one manifest asks for them: of the whole, or shard by shard."""

    def __init__(self, path: str, need: Need) -> None:
        self._path, self._need = path, need
        self._hash = algorithm(need.algorithm)
        self._start = self._at = 0
        self._found: list[PartDigest] = []

    def update(self, data: memoryview) -> None:
        """The next bytes of the file."""
        while self._hash is not None and len(data):
            room = self._room()
            piece = data[:room]
            self._hash.update(piece)
            self._at += len(piece)
            data = data[len(piece) :]
            if len(piece) == room and self._need.shard_size:
                self._cut()

    def end(self) -> Sequence[PartDigest]:
        """Every digest, once the file has ended; none if the algorithm is not to be had."""
        if self._at > self._start or not self._found:
            self._cut()
        return self._found

    def _room(self) -> int | None:
        size = self._need.shard_size
        return self._start + size - self._at if size else None

    def _cut(self) -> None:
        if self._hash is None:
            return
        part = PartDigest(
            path=self._path,
            algorithm=self._need.algorithm,
            start=self._start,
            end=self._at,
            hex=self._hash.hexdigest(),
        )
        self._found.append(part)
        self._start = self._at
        self._hash = algorithm(self._need.algorithm)
