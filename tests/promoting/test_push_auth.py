"""A registry that asks who writes is told so, for pull and push of this repository alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.errors import SourceError
from tests.oci.server import Answer, Request
from tests.promoting.docks import TAG, Dock
from tests.promoting.registry import Writable
from tests.promoting.test_writers import deliver, parcel

FILES = {"config.json": b"{}", "model.safetensors": b"weights"}


def asking(registry: Writable, token: str, *, elsewhere: str = "") -> None:
    """Every question needs this token, which the registry itself hands out; uploads are led
    `elsewhere`, if that is said."""

    def bend(request: Request, answer: Answer) -> Answer:
        if request.path.startswith("/token"):
            return Answer(body=json.dumps({"token": "granted"}).encode())
        if request.headers.get("authorization") != f"Bearer {token}":
            realm = f'Bearer realm="http://{registry.host}/token",service="registry"'
            return Answer(status=401, headers={"WWW-Authenticate": realm})
        if elsewhere and answer.status == 202:
            return replace(answer, headers={"Location": elsewhere})
        return answer

    registry.bend = bend


def dock(registry: Writable) -> Dock:
    return Dock(to=registry.source(), read=dict, put=print, foreign=print)


def test_a_token_is_asked_for_to_pull_and_push(tmp_path: Path) -> None:
    with Writable() as registry:
        asking(registry, "granted")
        deliver(dock(registry), parcel(tmp_path / "m", dock(registry), FILES))
        assert TAG in registry.tags("models/bot")
        asked = [one.path for one in registry.requests if one.path.startswith("/token")]
        assert asked
        assert all("scope=repository%3Amodels%2Fbot%3Apull%2Cpush" in path for path in asked)


def test_who_may_not_write_is_told_what_to_do(tmp_path: Path) -> None:
    with Writable() as registry:
        asking(registry, "another")
        with pytest.raises(SourceError, match="docker login"):
            deliver(dock(registry), parcel(tmp_path / "m", dock(registry), FILES))
        assert not registry.tags("models/bot")


def test_an_upload_that_is_led_to_another_host_is_not_made(tmp_path: Path) -> None:
    with Writable() as registry, Writable() as other:
        asking(registry, "granted", elsewhere=f"http://{other.host}/v2/models/bot/blobs/uploads/1")
        with pytest.raises(SourceError, match="at another host"):
            deliver(dock(registry), parcel(tmp_path / "m", dock(registry), FILES))
        assert not other.requests
        assert not registry.tags("models/bot")
