"""How long one run may wait for others in all, whatever they send and however slowly."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from provenance.errors import SourceError

R = TypeVar("R")
SECONDS = 1800.0


class Overdue(SourceError):
    """The run has waited as long as it may; the message says for what."""


class Deadline:
    """The moment, `seconds` from now by `clock`, after which nothing is asked or waited for."""

    def __init__(
        self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds, self._clock = seconds, clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """The seconds until then, or 0."""
        return max(0.0, self._end - self._clock())

    def renew(self) -> None:
        """As many seconds again, from now: after a download, which is bounded by its bytes."""
        self._end = self._clock() + self.seconds

    def check(self, what: str) -> None:
        """Nothing, or Overdue: it was still `what` that was waited for."""
        if not self.left:
            raise self._over(what)

    def result(self, future: Future[R], what: str) -> R:
        """What the future gives, or Overdue."""
        try:
            return future.result(timeout=self.left)
        except TimeoutError:
            if future.done():
                raise
            raise self._over(what) from None

    def _over(self, what: str) -> Overdue:
        return Overdue(
            f"after {self.seconds:.0f} seconds, the most that one run may wait, it still waited "
            f"for {what}: try again, or allow more with --deadline SECONDS"
        )
