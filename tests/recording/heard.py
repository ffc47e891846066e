"""Somebody who is told how far a run has come, and remembers it."""

from __future__ import annotations

from provenance.source.progress import Silent


class Heard(Silent):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, words: str) -> None:
        """The words are kept."""
        self.notes.append(words)
