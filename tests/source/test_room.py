"""Nothing is downloaded that has no room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from provenance.errors import SourceError
from provenance.model import File, Manifest, Ref
from provenance.source import directory
from provenance.source.hub.client import Hub
from provenance.source.hub.release import HubRelease
from provenance.source.remote.staging import Stage
from provenance.source.room import check_room, size
from tests import forge
from tests.hub import Hub as Server

HUGE = 1 << 60


def test_what_fits_is_let_through_and_what_does_not_is_told_with_both_sizes(tmp_path: Path) -> None:
    check_room("acme/bot", 0, tmp_path)
    check_room("acme/bot", HUGE, tmp_path / "nowhere")
    with pytest.raises(SourceError) as caught:
        check_room("acme/bot", HUGE, tmp_path)
    said = str(caught.value)
    assert said.startswith(f"acme/bot needs 1152921.5 TB, and {tmp_path} has ")
    assert said.endswith("name a place on another disk (--local-dir, --cache-dir)")


def test_not_a_byte_is_asked_for(tmp_path: Path) -> None:
    found = directory.collect(
        forge.write(tmp_path / "m"), ref=Ref(text="acme/bot", repo="acme/bot"), at=forge.NOW
    )
    large = File(path="model.safetensors", size=HUGE, digest="0" * 64)
    others = [file for file in found.listing.files if file.path != large.path]
    files = Manifest.of([large, *others])
    declared = replace(found, listing=files, manifest=files)
    with Server(tmp_path / "hub") as server:
        client = Hub(endpoint=server.url)
        stage = Stage(release=HubRelease.of(client, declared), declared=declared, folder=tmp_path)
        with pytest.raises(SourceError, match="needs 1152921"):
            stage.fill()
        assert server.requests == []


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (12_345_678_901, "12.3 GB")],
)
def test_sizes_are_in_powers_of_ten(count: int, text: str) -> None:
    assert size(count) == text
