"""Where a redirect may lead, and how long a Hub may ask to wait."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import Absent
from provenance.source.hub import client
from provenance.source.limits import Limits
from provenance.source.patience import asked_to_wait
from provenance.source.reach import Astray, Reach, reach
from provenance.source.reach import Path as Way
from provenance.source.remote.budget import RequestBudget
from tests import hub as attacks
from tests.hub import Hub
from tests.hubs import FILES, REPO

NAMES = {"inner.example": "10.1.2.3", "loop.example": "127.0.0.1", "out.example": "93.184.215.14"}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names resolve as here stated, and others do not."""

    known = socket.getaddrinfo

    def resolve(host: str, *words: Any, **named: Any) -> list[Any]:
        if host == "127.0.0.1":
            return known(host, *words, **named)
        if host not in NAMES:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (NAMES[host], 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", Reach.LOCAL),
        ("127.8.9.1", Reach.LOCAL),
        ("2130706433", Reach.LOCAL),
        ("0x7f000001", Reach.LOCAL),
        ("0177.0.0.1", Reach.LOCAL),
        ("127.1", Reach.LOCAL),
        ("0", Reach.LOCAL),
        ("0.0.0.0", Reach.LOCAL),
        ("::1", Reach.LOCAL),
        ("::", Reach.LOCAL),
        ("::ffff:127.0.0.1", Reach.LOCAL),
        ("::ffff:7f00:1", Reach.LOCAL),
        ("::127.0.0.1", Reach.LOCAL),
        ("64:ff9b::7f00:1", Reach.LOCAL),
        ("2002:7f00:1::", Reach.LOCAL),
        ("169.254.169.254", Reach.LOCAL),
        ("2852039166", Reach.LOCAL),
        ("fe80::1%eth0", Reach.LOCAL),
        ("loop.example", Reach.LOCAL),
        ("10.0.0.1", Reach.PRIVATE),
        ("172.16.0.1", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("fd00::1", Reach.PRIVATE),
        ("::ffff:10.0.0.1", Reach.PRIVATE),
        ("inner.example", Reach.PRIVATE),
        ("93.184.215.14", Reach.PUBLIC),
        ("2606:2800:21f::1", Reach.PUBLIC),
        ("out.example", Reach.PUBLIC),
        ("nobody.example", Reach.PUBLIC),
    ],
)
def test_how_far_inwards_a_host_lies(host: str, expected: Reach) -> None:
    assert reach(host) is expected


@pytest.mark.parametrize(
    ("least", "secure", "url", "goes"),
    [
        (Reach.PUBLIC, True, "https://out.example/x", True),
        (Reach.PUBLIC, True, "http://out.example/x", False),
        (Reach.PUBLIC, True, "https://loop.example/x", False),
        (Reach.PUBLIC, True, "https://inner.example/x", False),
        (Reach.PUBLIC, True, "https://[::ffff:127.0.0.1]:8080/x", False),
        (Reach.PUBLIC, True, "https://user@2130706433/x", False),
        (Reach.PUBLIC, False, "http://169.254.169.254/latest/meta-data", False),
        (Reach.PUBLIC, True, "ftp://out.example/x", False),
        (Reach.PRIVATE, True, "https://inner.example/x", True),
        (Reach.PRIVATE, False, "http://127.0.0.1/x", False),
        (Reach.LOCAL, False, "http://127.0.0.1:9/x", True),
        (Reach.LOCAL, False, "https://out.example/x", True),
    ],
)
def test_a_redirect_leads_neither_inwards_nor_down(
    least: Reach, secure: bool, url: str, goes: bool
) -> None:
    way = Way(least=least, secure=secure)
    if goes:
        way.step(url)
    else:
        with pytest.raises(Astray, match="redirect"):
            way.step(url)


def test_https_once_is_https_from_then_on() -> None:
    way = Way(least=Reach.LOCAL)
    way.step("https://out.example/")
    with pytest.raises(Astray):
        way.step("http://out.example/")


NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:30 GMT"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "٣"}, 0),
        ({"ratelimit": '"api";r=0;t=55'}, 55),
        ({"ratelimit": '"api";r=12;t=55'}, 0),
        ({"ratelimit": '"pages";r=3;t=9, "api"; r=0; t=55'}, 55),
        ({"ratelimit": '"api";t=55;r=0', "retry-after": "60"}, 60),
        ({"ratelimit": "rubbish"}, 0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "20"}, 20),
        ({"ratelimit-remaining": "4", "ratelimit-reset": "20"}, 0),
    ],
)
def test_a_wait_is_understood_in_each_form(headers: dict[str, str], seconds: float) -> None:
    assert asked_to_wait(headers, NOW) == seconds


def test_a_limit_is_obeyed_and_said(tmp_path: Path) -> None:
    waits: list[float] = []
    said: list[str] = []
    with Hub(tmp_path) as hub:
        hub.commit(REPO, FILES)
        hub.on("/api/models/", attacks.status(429, 1, RateLimit='"api";r=0;t=55'))
        asking = client.Hub(endpoint=hub.url, sleep=waits.append, say=said.append)
        question = client.Question(url=asking.api(REPO), repo=REPO, most=1 << 20)
        asking.ask(question, RequestBudget(Limits()))
    assert waits == [55.0]
    assert ["55 seconds" in words for words in said] == [True]


@pytest.mark.parametrize(
    ("status", "headers", "says"),
    [
        (403, {"X-Error-Message": "Access to this resource is disabled."}, "disabled"),
        (403, {"X-Error-Code": "DisabledRepo"}, "disabled"),
        (401, {"X-Error-Code": "GatedRepo"}, "gated"),
        (403, {"X-Error-Code": "GatedRepo"}, "gated"),
        (401, {}, "no such repository, or shows it only with a token"),
    ],
)
def test_what_a_hub_does_not_show_is_said_in_its_words(
    tmp_path: Path, status: int, headers: dict[str, Any], says: str
) -> None:
    with Hub(tmp_path) as hub:
        hub.commit(REPO, FILES)
        hub.on("/api/models/", attacks.status(status, **headers))
        asking = client.Hub(endpoint=hub.url)
        question = client.Question(url=asking.api(REPO), repo=REPO, most=1 << 20)
        with pytest.raises(Absent, match=says):
            asking.ask(question, RequestBudget(Limits()))
