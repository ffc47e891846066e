"""What every store is to the rest of the house: one model at one revision that does not change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Event
from typing import Protocol, TypeVar

from provenance.source.deadline import Deadline
from provenance.source.progress import Progress, Step
from provenance.source.remote.listed import Listed

T = TypeVar("T")
R = TypeVar("R")


class Ranges(Protocol):
    """One file that stays where it is, of which no more is fetched than was agreed; safe for
    threads."""

    entry: Listed

    def fetch(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`.

        OSError where they cannot be had so (Contradiction, Unranged, or too many), SourceError
        where the store does not answer.
        """


class Release(Protocol):
    """One model at one revision of a store; safe for threads.

    Every question raises SourceError where the store does not answer, Beyond where one model may
    ask no more.
    """

    @property
    def name(self) -> str:
        """What messages call the model."""

    @property
    def keeper(self) -> str:
        """What messages call who keeps it, such as `the Hub`."""

    @property
    def progress(self) -> Progress:
        """Whom long work is told."""

    @property
    def deadline(self) -> Deadline:
        """When the whole run gives up."""

    def each(self, what: str, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """`function` of each item, several at once; the first error ends it."""

    def stated(self, entries: Sequence[Listed]) -> Sequence[Listed]:
        """The entries, each with what is stated only when it is asked for."""

    def whole(self, path: str, most: int) -> bytes | None:
        """A file, cut after `most` bytes; None where the store has no such file."""

    def ranges(self, entry: Listed, most: int) -> Ranges:
        """A file by range, of which at most `most` bytes are ever fetched."""

    def download(self, path: str, folder: Path, *, again: bool, step: Step, stop: Event) -> None:
        """The file lies below `folder` under its path; `again` trusts no copy of it that is kept.

        `step` is told of every byte. Stopped after `stop`.
        """


class Stopped(Exception):
    """A download was told to stop."""
