"""Reading every byte once: digests, kinds and beginnings, on all cores."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from bisect import insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from threading import Event, Lock
from typing import BinaryIO

from provenance.formats import content
from provenance.formats.names import standing
from provenance.model import Content, File, Observation, PartDigest, TensorDigest
from provenance.source.ahead import LARGE, MAX_WORKERS, Ahead, Begun
from provenance.source.digests import Tracker
from provenance.source.layout import Entry
from provenance.source.ledgers import tensors_in
from provenance.source.progress import Progress, Silent, Step
from provenance.source.stored import stamp
from provenance.source.together import awaited
from provenance.weights.ledger import Known
from provenance.wire.oms import Need

Standing = tuple[bool, int, str]
TINY = 64 << 10
TOLD = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one file turned out to be; no `file` if it could not be read to its end, unchanged."""

    file: File | None = None
    content: Content | None = None
    parts: tuple[PartDigest, ...] = ()
    observations: tuple[Observation, ...] = ()
    tensors: tuple[TensorDigest, ...] = ()


class Budget:
    """How much of headers and documents is kept for one model, and those that are.

    The room goes to the files that loaders open, then to the others: where it ends does not depend
    on which thread came first, and no more than it is ever held.
    """

    def __init__(self, room: int, most: int) -> None:
        self.most = min(room, most)
        self._room = room
        self._kept: dict[str, Content] = {}
        self._order: list[Standing] = []
        self._dropped: set[str] = set()
        self._end: Standing | None = None
        self._lock = Lock()

    def take(self, content: Content) -> Content:
        """The content without what it keeps, which is held here if there is room for it."""
        if not content.kept:
            return content
        own = standing(content.path)
        with self._lock:
            if self._end is not None and own > self._end:
                self._dropped.add(content.path)
            else:
                self._kept[content.path] = content
                insort(self._order, own)
                self._room -= content.kept
            while self._room < 0:
                self._end = self._order.pop()
                *_, path = self._end
                self._room += self._kept.pop(path).kept
                self._dropped.add(path)
        return replace(content, head=b"", inside=())

    def give(self, row: Measured) -> Measured:
        """The row with its content, once everything was measured, or with a word on its absence."""
        path = row.content.path if row.content else ""
        if path in self._kept:
            return replace(row, content=self._kept[path])
        if path not in self._dropped:
            return row
        detail = "the headers and documents of the model are too many to read this one"
        over = Observation(code="limit", path=path, detail=detail)
        return replace(row, observations=(*row.observations, over))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is wanted of each file; `selected` are the paths whose content is looked at.

    `ahead` has files that were begun already. `known` are the SHA-256 of large files, by path,
    that are not hashed again unless other digests are needed; empty where nobody wants it.
    `tensors` is what a ledger is made for, if one is; `beside` makes it while the file is hashed,
    without it that comes afterwards.
    """

    needs: tuple[Need, ...]
    selected: frozenset[str]
    budget: Budget
    step: Step
    stop: Event
    ahead: Ahead | None = None
    known: Mapping[str, str] = field(default_factory=dict)
    tensors: Known | None = None
    beside: Executor | None = None

    def ledger(self, path: str, begun: Begun) -> Callable[[], tuple[TensorDigest, ...]]:
        """What gives the entries of a file; they are being made from now on, if beside."""
        if self.tensors is None or path not in self.selected:
            return tuple
        make = partial(
            tensors_in,
            os.dup(begun.stream.fileno()),
            path,
            known=self.tensors,
            most=self.budget.most,
            stop=self.stop,
        )
        return self.beside.submit(make).result if self.beside else make

    def digest_of(self, path: str, size: int) -> str | None:
        """The SHA-256 that is known of a file, where that is all that is wanted of its bytes."""
        return self.known.get(path) if size > LARGE and not self.needs else None


def measure(
    entries: Sequence[Entry],
    *,
    sizes: Sequence[int],
    needs: Sequence[Need],
    selected: frozenset[str],
    budget: Budget,
    progress: Progress,
    workers: int | None = None,
    ahead: Ahead | None = None,
    known: Mapping[str, str] | None = None,
    tensors: Known | None = None,
) -> Iterator[Measured]:
    """Each of `entries` measured, in their order, by as many threads as there are cores.

    `sizes` are theirs as they were met: what is measured is what is there by then. `ahead` has
    files that were begun already, and `known` digests of large ones that nobody wrote to since, or
    nothing for one that is not to be hashed.
    `tensors` is what a ledger of each is made for.
    """
    work = Work(
        needs=tuple(needs),
        selected=selected,
        budget=budget,
        step=Silent(),
        stop=Event(),
        ahead=ahead,
        known=known or {},
        tensors=tensors,
    )
    pairs = zip(entries, sizes, strict=True)
    todo = sum(size for entry, size in pairs if work.digest_of(entry.path, size) is None)
    step = progress.step("hashing", todo) if todo or not known else work.step
    count = workers or min(os.cpu_count() or 1, MAX_WORKERS)
    beside = ThreadPoolExecutor(count)
    work = replace(work, step=step, beside=beside)
    order = sorted(range(len(entries)), key=lambda n: (-sizes[n], entries[n].path))
    found: dict[int, Measured] = {}

    def batch(numbers: Sequence[int]) -> list[tuple[int, Measured]]:
        return [(n, measure_one(entries[n], work)) for n in numbers if not work.stop.is_set()]

    try:
        with beside, ThreadPoolExecutor(count) as pool, _stopping(work.stop):
            futures = [pool.submit(batch, numbers) for numbers in _batches(order, sizes)]
            found.update(chain.from_iterable(map(awaited, futures)))
    finally:
        step.end()
    return (budget.give(found[n]) for n in range(len(entries)))


@contextmanager
def _stopping(stop: Event) -> Iterator[None]:
    """An interrupted measurement is not waited for."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


def size_of(entry: Entry) -> int:
    """How large it is now; 0 if that cannot be said, which opening it then will."""
    try:
        return os.stat(entry.place, follow_symlinks=False).st_size
    except OSError:
        return 0


def _batches(order: Sequence[int], sizes: Sequence[int]) -> Iterator[Sequence[int]]:
    """Tiny files all in one thread, where they would only wait for each other; the rest alone."""
    large = sum(sizes[n] > TINY for n in order)
    yield order[large:]
    yield from ([n] for n in order[:large])


def measure_one(entry: Entry, work: Work) -> Measured:
    """What one file is; its content is kept by the budget of `work`, which gives it back."""
    try:
        begun = (work.ahead and work.ahead.take(entry.place)) or Begun(entry.place)
        with begun.stream:
            return _read(entry, begun, work)
    except OSError as error:
        return _unread(entry, "unreadable", f"{error.strerror or error}: mend its permissions")


def _read(entry: Entry, begun: Begun, work: Work) -> Measured:
    before = begun.before
    if not stat.S_ISREG(before.st_mode):
        return _unread(entry, "special-file", "neither a file nor a folder: remove it")
    size = before.st_size
    ledger = work.ledger(entry.path, begun)
    digest, parts, count, facts = _digests(entry.path, begun, work)
    seen: Content | None = None
    observations: tuple[Observation, ...] = ()
    if entry.path in work.selected and count == size:
        seen, observations = content.read(facts, entry.path, size, limit=work.budget.most)
    tensors = ledger()
    if count != size or stamp(os.fstat(begun.stream.fileno())) != stamp(before):
        return _unread(entry, "changed", "it changed while it was read: verify a copy at rest")
    return Measured(
        file=File(path=entry.path, size=size, digest=digest),
        content=work.budget.take(seen) if seen else None,
        parts=parts,
        observations=observations,
        tensors=tensors,
    )


def _digests(
    path: str, begun: Begun, work: Work
) -> tuple[str, tuple[PartDigest, ...], int, BinaryIO]:
    """The digests, the bytes read, and what to read facts from: a small file is read only once."""
    size = begun.before.st_size
    if (digest := work.digest_of(path, size)) is not None:
        return digest, (), size, io.BufferedReader(begun.stream)
    if size > LARGE:
        return *_hash_stream(path, begun, work), io.BufferedReader(begun.stream)
    data = _small(begun.stream, size)
    work.step.advance(len(data))
    return *hash_bytes(path, data, work.needs), len(data), io.BytesIO(data)


def _small(stream: io.FileIO, size: int) -> bytes:
    """The bytes of a file of that size, and one more if it has grown."""
    data = stream.read(size + 1) or b""
    while len(data) < size and (more := stream.read(size + 1 - len(data))):
        data += more
    return data


def _unread(entry: Entry, code: str, detail: str) -> Measured:
    return Measured(observations=(Observation(code=code, path=entry.path, detail=detail),))


def hash_bytes(path: str, data: bytes, needs: Sequence[Need]) -> tuple[str, tuple[PartDigest, ...]]:
    """The SHA-256 of a whole file's bytes, and the digests that are needed beside it."""
    trackers = [Tracker(path, need) for need in needs]
    for tracker in trackers:
        tracker.update(memoryview(data))
    parts = tuple(chain.from_iterable(tracker.end() for tracker in trackers))
    return hashlib.sha256(data).hexdigest(), parts


def _hash_stream(path: str, begun: Begun, work: Work) -> tuple[str, tuple[PartDigest, ...], int]:
    """The digests of a large file, from where it was begun if that is all that is needed."""
    trackers = [Tracker(path, need) for need in work.needs]
    if trackers:
        begun.again()
    told = 0
    for part in begun.hash(work.stop):
        for tracker in trackers:
            tracker.update(part)
        if begun.count - told >= TOLD:
            work.step.advance(begun.count - told)
            told = begun.count
    work.step.advance(begun.count - told)
    parts = tuple(chain.from_iterable(tracker.end() for tracker in trackers))
    return begun.digest.hexdigest(), parts, begun.count
