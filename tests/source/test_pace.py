"""How often a Hub is asked by many threads, told by a clock that does not tick by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from provenance.errors import ConfigError
from provenance.model import Ref
from provenance.source.hub.client import Hub as Client
from provenance.source.hub.collect import collect
from provenance.source.pace import Pace, rates_of
from tests import forge
from tests.hub import Answer, Hub, Request


@dataclass
class Clock:
    """A clock that goes on only where somebody waits."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def test_no_more_is_asked_than_the_rate_allows_whoever_asks() -> None:
    clock = Clock()
    pace = Pace({"api": 20.0}, clock=clock.read, sleep=clock.sleep)

    def ten() -> None:
        for _ in range(10):
            pace.turn("api")

    threads = [Thread(target=ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(clock.waits) == pytest.approx([n / 20 for n in range(1, 40)])


def test_each_kind_has_a_bucket_of_its_own_and_one_without_a_rate_waits_for_nothing() -> None:
    clock = Clock()
    pace = Pace({"api": 1.0}, clock=clock.read, sleep=clock.sleep)
    for kind in ("api", "resolve", "resolve", "api"):
        pace.turn(kind)
    assert clock.waits == [1.0]


def test_a_wait_that_is_asked_for_holds_everybody() -> None:
    clock = Clock()
    pace = Pace(clock=clock.read, sleep=clock.sleep)
    pace.hold("api", 55)
    pace.turn("api")
    clock.now = 55.0
    pace.turn("api")
    assert clock.waits == [55.0]


RATES = {
    "api=20/s": {"api": 20.0},
    "api=20": {"api": 20.0},
    "api=1000/min,resolve=0.5/s": {"api": 1000 / 60, "resolve": 0.5},
    "resolve=3600/h": {"resolve": 1.0},
}


@pytest.mark.parametrize("text", RATES)
def test_a_rate_is_read(text: str) -> None:
    assert rates_of([text]) == pytest.approx(RATES[text])


@pytest.mark.parametrize("text", ["", "api", "api=0/s", "api=-1", "tree=3/s", "api=2/day", "20/s"])
def test_no_other_rate_is_one(text: str) -> None:
    with pytest.raises(ConfigError, match="api=20/s"):
        rates_of([text])


def test_a_hub_that_has_nothing_left_is_left_alone_by_every_thread(tmp_path: Path) -> None:
    """The header stands on an answer that is good, too."""
    clock = Clock()

    def spent(request: Request, answer: Answer) -> Answer:
        return answer.having(RateLimit='"api";r=0;t=55')

    with Hub(tmp_path) as hub:
        hub.on("/api/models/", spent)
        hub.commit("acme/bot", forge.MODEL)
        pace = Pace(clock=clock.read, sleep=clock.sleep)
        client = Client(endpoint=hub.url, pace=pace, sleep=clock.sleep)
        collect(client, Ref(text="acme/bot", repo="acme/bot"), at=forge.NOW)
    assert clock.waits
    assert set(clock.waits) == {55.0}
