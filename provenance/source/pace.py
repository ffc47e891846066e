"""How often a server is asked, by all threads of a run together."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Lock

from provenance.errors import ConfigError

KINDS = ("api", "resolve")
"""What a Hub counts apart: questions about repositories, and bytes of their files."""
RATE = re.compile(r"([a-z]+)=([0-9]+(?:\.[0-9]+)?)(?:/(s|min|h))?")
SECONDS = {None: 1, "s": 1, "min": 60, "h": 3600}


class Pace:
    """One bucket for each kind of question, which gives no more than its rate allows.

    What a server asks to be left alone for is kept by every thread. Safe for threads.
    """

    def __init__(
        self,
        rates: Mapping[str, float] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rates = dict(rates or {})
        self._clock, self._sleep = clock, sleep
        self._free: dict[str, float] = {}
        self._lock = Lock()

    def turn(self, kind: str) -> None:
        """Returns when one more question of this kind may be asked."""
        rate = self._rates.get(kind)
        with self._lock:
            now = self._clock()
            at = max(now, self._free.get(kind, now))
            if rate:
                self._free[kind] = at + 1 / rate
        if at > now:
            self._sleep(at - now)

    def hold(self, kind: str, seconds: float) -> None:
        """No question of this kind is asked for so many seconds."""
        with self._lock:
            end = self._clock() + seconds
            self._free[kind] = max(end, self._free.get(kind, end))


def kind_of(url: str, endpoint: str) -> str:
    """What a Hub counts a question as."""
    return "api" if url.startswith(f"{endpoint}/api/") else "resolve"


def rates_of(texts: Iterable[str]) -> dict[str, float]:
    """Questions a second by their kind, of texts such as `api=20/s,resolve=1000/min`; ConfigError.

    A rate without a unit is one a second.
    """
    found: dict[str, float] = {}
    for text in (part.strip() for each in texts for part in each.split(",")):
        match = RATE.fullmatch(text)
        if match is None or match[1] not in KINDS or not float(match[2]):
            expected = f"expected api=20/s or resolve=1000/min, found {text[:80]!r}"
            raise ConfigError(expected, path="--rate")
        found[match[1]] = float(match[2]) / SECONDS[match[3]]
    return found
