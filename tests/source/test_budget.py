"""What is read where not everything can be, and where a listing ends that has no end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from provenance.errors import SourceError
from provenance.formats.names import standing
from provenance.model import Evidence
from provenance.refs import parse
from provenance.source.hub import client, listing
from provenance.source.hub.collect import collect
from provenance.source.limits import Limits
from tests import forge
from tests.hub import Hub
from tests.hub.values import Answer, Request
from tests.source.gather import gather, seen

JUNK = {f"a/{n:03}.json": b'{"n": "%s"}' % (b"x" * 90) for n in range(40)}
OPENED = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer_config.json": b"{}",
    "vision/config.json": b"{}",
    "README.md": b"# A model\n",
}
TREE = "/api/models/acme/bot/tree/"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path) as made:
        made.commit("acme/bot", {**JUNK, **OPENED})
        yield made


def asked(hub: Hub, limits: Limits) -> Evidence:
    return collect(client.Hub(endpoint=hub.url), parse("acme/bot"), at=forge.NOW, limits=limits)


def beyond(evidence: Evidence) -> set[str]:
    return {path for code, path in seen(evidence) if code == "limit"}


def test_what_loaders_open_stands_first() -> None:
    assert sorted([*JUNK, *OPENED], key=standing)[:4] == [
        "README.md",
        "config.json",
        "tokenizer_config.json",
        "vision/config.json",
    ]


def test_of_a_folder_what_loaders_open_is_read_first(tmp_path: Path) -> None:
    forge.write(tmp_path / "m", {**JUNK, **OPENED})
    found = gather(tmp_path / "m", limits=Limits(kept=1_000))
    assert beyond(found) < set(JUNK)
    assert {path: found.by_path[path].head for path in OPENED} == OPENED


@pytest.mark.parametrize("limits", [Limits(kept=1_000), Limits(requests=20)])
def test_of_a_hub_what_loaders_open_is_read_first(hub: Hub, limits: Limits) -> None:
    found = asked(hub, limits)
    assert beyond(found)
    assert beyond(found) < set(JUNK)
    assert {path: found.by_path[path].head for path in OPENED} == OPENED


def without_end(rows: list[Mapping[str, object]]) -> Iterator[Answer]:
    body = json.dumps(rows).encode()
    number = 0
    while True:
        number += 1
        yield Answer(status=200, body=body).having(Link=f'<?cursor={number}>; rel="next"')


def test_pages_without_end_are_left(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = without_end([])
    hub.on(TREE, lambda request, answer: next(pages))
    with pytest.raises(SourceError, match="more requests than one model may cost"):
        asked(hub, Limits(requests=30))
    assert sum(TREE in request.path for request in hub.requests) <= 30

    pages = without_end([{"type": "directory", "path": "a" * 1_000}])
    monkeypatch.setattr(listing, "MAX_LISTING", 5_000)
    hub.clear()
    found = asked(hub, Limits(requests=30))
    assert ("limit", "") in seen(found)
    assert sum(TREE in request.path for request in hub.requests) <= 6


def test_pages_that_lead_in_a_circle_are_left(hub: Hub) -> None:
    def circle(request: Request, answer: Answer) -> Answer:
        return answer.having(Link='<?cursor=1>; rel="next"').carrying(b"[]")

    hub.on(TREE, circle)
    with pytest.raises(SourceError, match="circle"):
        asked(hub, Limits())
