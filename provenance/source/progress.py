"""Who is told how far a long work has come."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told from several threads at once."""

    def begin(self, size: int, files: int) -> None:
        """`size` bytes in `files` files are about to be read."""

    def advance(self, size: int) -> None:
        """`size` more bytes were read."""

    def end(self) -> None:
        """Nothing more will be read."""


class Silent:
    """Tells nobody."""

    def begin(self, size: int, files: int) -> None:
        """Nothing."""

    def advance(self, size: int) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""
