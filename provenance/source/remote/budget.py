"""How much one model may ask of a store."""

from __future__ import annotations

from threading import Lock

from provenance.errors import SourceError
from provenance.source.limits import Limits


class Beyond(SourceError):
    """One model asked for more than its limits allow."""


class RequestBudget:
    """How many requests one model may still make; shared by threads."""

    def __init__(self, limits: Limits) -> None:
        self._left = limits.requests
        self._lock = Lock()

    def spend(self) -> None:
        """One request fewer, or Beyond."""
        with self._lock:
            self._left -= 1
            if self._left < 0:
                raise Beyond("more requests than one model may cost")
