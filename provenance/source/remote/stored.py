"""The release of any store that gives bytes by their place in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Protocol, TypeVar

from provenance.errors import SourceError
from provenance.model import LONG
from provenance.names import keeper
from provenance.source.deadline import Deadline
from provenance.source.names import leads_out
from provenance.source.progress import Progress, Step, Unit
from provenance.source.remote.budget import Beyond, RequestBudget
from provenance.source.remote.listed import Listed
from provenance.source.remote.release import Stopped
from provenance.source.remote.store import StoreOptions
from provenance.source.together import side_by_side

T = TypeVar("T")
R = TypeVar("R")
PART = ".part"


class Bytes(Protocol):
    """What a store is asked for; safe for threads. `span` and `chunks` raise SourceError."""

    def kept(self, entry: Listed, start: int, end: int) -> bytes | None:
        """What `span` gives, where the store need not be asked for it; else None."""

    def span(self, entry: Listed, start: int, end: int) -> bytes:
        """The bytes of a file from `start` up to `end`, fewer where it ends before."""

    def chunks(self, entry: Listed) -> Iterator[bytes]:
        """The whole file, from its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRelease:
    """What lies in a store at one revision, by its listing."""

    name: str
    options: StoreOptions
    entries: Mapping[str, Listed]
    content: Bytes
    account: RequestBudget

    @property
    def keeper(self) -> str:
        """By the scheme of its name, which is its place."""
        return keeper(self.name)

    @property
    def progress(self) -> Progress:
        """The caller's."""
        return self.options.progress

    @property
    def deadline(self) -> Deadline:
        """The run's."""
        return self.options.deadline

    def each(self, what: str, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """`function` of each item, several at once; the first error ends it."""
        todo = list(items)
        step = self.progress.step(what, len(todo), Unit.ITEMS)

        def one(item: T) -> R:
            self.deadline.check(what)
            result = function(item)
            step.advance(1)
            return result

        try:
            return side_by_side(one, todo, at_once=self.options.workers)
        finally:
            step.end()

    def stated(self, entries: Sequence[Listed]) -> Sequence[Listed]:
        """The entries as they are: the listing has all that is stated."""
        return entries

    def whole(self, path: str, most: int) -> bytes | None:
        """A file, by one question."""
        entry = self.entries.get(path)
        if entry is None:
            return None
        return self.bytes_of(entry, 0, most)

    def bytes_of(self, entry: Listed, start: int, end: int) -> bytes:
        """The bytes of a file from `start` up to `end`; one question less where it asks one."""
        kept = self.content.kept(entry, start, end)
        if kept is not None:
            return kept
        self.account.spend()
        return self.content.span(entry, start, end)

    def ranges(self, entry: Listed, most: int) -> Spans:
        """A file, by a question for each piece."""
        return Spans(self, self.entries.get(entry.path, entry), most)

    def download(self, path: str, folder: Path, *, again: bool, step: Step, stop: Event) -> None:
        """The file, read in order; none of it is kept elsewhere.

        SourceError for a path that leads out of the folder.
        """
        if leads_out(path):
            raise SourceError(f"{self.name}: {path[:LONG]!r} leads out of the model's folder")
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        part = folder / self._aside(path)
        with part.open("wb") as stream:
            for chunk in self.content.chunks(self.entries[path]):
                if stop.is_set():
                    raise Stopped
                stream.write(chunk)
                step.advance(len(chunk))
        part.replace(place)

    def _aside(self, path: str) -> str:
        """Where a file lies while it comes: at the name of no other."""
        aside = path + PART
        while aside in self.entries:
            aside += PART
        return aside


class Spans:
    """One file of a release, of which at most `most` bytes are ever fetched; safe for threads."""

    def __init__(self, release: StoredRelease, entry: Listed, most: int) -> None:
        self.entry = entry
        self._release, self._left, self._lock = release, most, Lock()

    def fetch(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`; OSError where too many, or not all of them, come."""
        with self._lock:
            self._left -= end - start
            if self._left < 0:
                raise OSError(f"more of {self.entry.path!r} than may be read of one file")
        try:
            data = self._release.bytes_of(self.entry, start, end)
        except Beyond as error:
            raise OSError(str(error)) from None
        if len(data) != end - start:
            raise OSError(f"{self.entry.path!r}: {len(data)} of {end - start} bytes came")
        return data
