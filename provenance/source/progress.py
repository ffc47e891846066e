"""Who is told how far a long work has come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Unit(StrEnum):
    """What a step counts."""

    BYTES = "bytes"
    ITEMS = "items"


class Step(Protocol):
    """One piece of long work under way; told from several threads at once."""

    def advance(self, count: int) -> None:
        """`count` more bytes or items are done."""

    def end(self) -> None:
        """The step is over, whether or not it was finished."""


class Progress(Protocol):
    """Told of every step, from several threads at once."""

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        """`total` bytes or items are about to be worked through; 0 where nobody knows how many.

        `what` begins with the model's name and a colon where it is about one.
        """

    def note(self, words: str) -> None:
        """A sentence on what the caller waits for."""


class Silent:
    """Tells nobody; both a Progress and its Step."""

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        """Itself."""
        return self

    def note(self, words: str) -> None:
        """Nothing."""

    def advance(self, count: int) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class About:
    """Tells `progress` of every step with the model's name before it."""

    progress: Progress
    name: str

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        """The step, as one of this model's."""
        return self.progress.step(f"{self.name}: {what}", total, unit)

    def note(self, words: str) -> None:
        """The sentence as it is."""
        self.progress.note(words)


@contextmanager
def during(progress: Progress, what: str) -> Iterator[None]:
    """A step of which nobody knows how long it takes."""
    step = progress.step(what, 0)
    try:
        yield
    finally:
        step.end()
