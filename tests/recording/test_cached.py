"""What was opened in the Hub's cache, by the snapshots that it stands in."""

from __future__ import annotations

import pytest

from provenance.recording.stamp import Stamp
from provenance.recording.watched.cached import Links, snapshot_of
from provenance.recording.watched.opened import Opened, Seen, Way

A, B = "a" * 40, "b" * 40
HUB = "/none/hub"
BOT = f"{HUB}/models--acme--bot"
ONE, TWO = f"{BOT}/snapshots/{A}", f"{BOT}/snapshots/{B}"
LINKS = Links(
    by_file={
        f"{BOT}/blobs/w": (f"{ONE}/model.safetensors", f"{TWO}/model.safetensors"),
        f"{BOT}/blobs/c1": (f"{ONE}/config.json",),
        f"{BOT}/blobs/c2": (f"{TWO}/config.json",),
    }
)


def seen(*paths: str) -> Seen:
    stamp = Stamp(inode=1, size=1, changed=1)
    ways = frozenset({Way.INOTIFY})
    return Seen(files={path: Opened(path=path, stamp=stamp, ways=ways) for path in paths})


CASES: dict[str, tuple[list[str], list[str]]] = {
    "a file of one snapshot": ([f"{BOT}/blobs/c1"], [f"{ONE}/config.json"]),
    "weights of two, the settings of one": (
        [f"{BOT}/blobs/w", f"{BOT}/blobs/c2"],
        [f"{TWO}/config.json", f"{TWO}/model.safetensors"],
    ),
    "weights of two, one opened by name": (
        [f"{BOT}/blobs/w", f"{ONE}/config.json"],
        [f"{ONE}/config.json", f"{ONE}/model.safetensors"],
    ),
    "both": (
        [f"{BOT}/blobs/{name}" for name in ("w", "c1", "c2")],
        [f"{ONE}/config.json", f"{TWO}/config.json"],
    ),
    "what no snapshot has": (["/data/rows.parquet"], ["/data/rows.parquet"]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_blob_is_a_file_of_a_snapshot(name: str) -> None:
    opened, expected = CASES[name]
    assert sorted(LINKS.applied(seen(*opened)).files) == expected


def test_what_two_snapshots_have_alike_is_unclear() -> None:
    found = LINKS.applied(seen(f"{BOT}/blobs/w"))
    assert (dict(found.files), found.unclear) == ({}, ((f"acme/bot@{A}", f"acme/bot@{B}"),))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{ONE}/in/x.json", f"acme/bot@{A}"),
        (ONE, f"acme/bot@{A}"),
        (f"{HUB}/models--gpt2/snapshots/{A}/config.json", f"gpt2@{A}"),
        (f"{HUB}/datasets--acme--rows/snapshots/{A}/x.parquet", f"acme/rows@{A}"),
        (f"{HUB}/models--acme--bot/snapshots/main/x", None),
        (f"{HUB}/spaces--acme--bot/snapshots/{A}/x", None),
        (f"{BOT}/blobs/w", None),
    ],
)
def test_a_snapshot_is_known_by_its_path(path: str, name: str | None) -> None:
    found = snapshot_of(path)
    assert (found.name if found else None) == name
