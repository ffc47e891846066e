"""Work that goes on in a thread while a model is trained; a run that ends does not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

from provenance.errors import SourceError

T = TypeVar("T")
AT_FIRST = 1.0
"""Seconds that a training waits for a verdict where it is looked at again later."""
PATIENCE = 10.0
"""Seconds that it waits at most where nobody looks again before its end."""
NAME = "provenance recording"


class Background(Generic[T]):
    """One piece of work that has begun, and what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._found: list[T] = []
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    def check(self, wait: float = 0.0) -> None:
        """If it ended by now, or within `wait` seconds, it ended well; else what it raised."""
        if self._thread.is_alive():
            self._thread.join(wait)
        if self._error is not None:
            raise self._error

    @property
    def is_done(self) -> bool:
        """Whether it ended, and well."""
        return bool(self._found)

    def result(self) -> T:
        """What came of it, waited for; raises what it raised, SourceError for an OSError."""
        self._thread.join()
        self.check()
        return self._found[0]

    def _run(self) -> None:
        try:
            self._found.append(self._work())
        except OSError as error:
            said = f"{error.filename}: " if error.filename else ""
            self._error = SourceError(f"{said}{error.strerror or error}")
        except Exception as error:
            self._error = error
