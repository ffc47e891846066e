"""Data sets, by what pins their contents; those that nothing pins are said as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provenance.errors import ConfigError
from provenance.recording import data
from provenance.wire.training import MANIFEST, Material, MaterialKind
from provenance.workspace.materials import Desk

COMMIT = "d" * 40
HUB = "https://huggingface.co/datasets/acme/talks"


def loaded(*files: Path, sums: dict[str, Any] | None = None, **more: Any) -> Any:
    """A data set as `datasets` has loaded it, with the files of its cache."""
    info = SimpleNamespace(
        builder_name="parquet", config_name="default", version="0.0.0", download_checksums=sums
    )
    cache = [{"filename": str(file)} for file in files]
    return SimpleNamespace(info=info, cache_files=cache, num_rows=3, _fingerprint="f" * 16, **more)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "work"
    for name, text in (("rows.jsonl", "{}\n"), ("shards/a.jsonl", "1"), ("shards/b.jsonl", "2")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "elsewhere.jsonl").write_text("far\n")
    return Desk(at=datetime(2026, 1, 1, tzinfo=UTC), folder=folder)


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def only(found: Any, desk: Desk) -> Material:
    (one,) = data.materials([found, found], desk)
    assert one.kind == MaterialKind.DATASET
    return one


def test_a_data_set_of_the_hub_is_named_by_its_commit(desk: Desk) -> None:
    cached = Path(f"/c/acme___talks/default/0.0.0/{COMMIT}/talks-train.arrow")
    asked = {f"hf://datasets/acme/talks@{COMMIT}/a.parquet": {"num_bytes": 1}}
    for found in (loaded(cached), loaded(sums=asked), f"acme/talks@{COMMIT}"):
        one = only(found, desk)
        assert (one.uri, one.digest) == (HUB, (("gitCommit", COMMIT),))
    assert only(loaded(cached), desk).note("rows") == 3


def test_files_are_named_by_their_digest_and_no_private_path(desk: Desk) -> None:
    inside, outside = only("rows.jsonl", desk), only("../elsewhere.jsonl", desk)
    assert (inside.note("path"), dict(inside.digest)["sha256"]) == ("rows.jsonl", digest("{}\n"))
    assert (outside.note("path"), dict(outside.digest)["sha256"]) == (
        "elsewhere.jsonl",
        digest("far\n"),
    )
    folder = only(desk.folder / "shards", desk)
    assert folder.note("path") == "shards"
    before = dict(folder.digest)[MANIFEST]
    (desk.folder / "shards" / "a.jsonl").write_text("3")
    assert dict(only(desk.folder / "shards", desk).digest)[MANIFEST] != before


def test_what_was_read_from_a_cache_is_named_by_what_is_there(desk: Desk) -> None:
    first, second = desk.folder / "shards" / "a.jsonl", desk.folder / "shards" / "b.jsonl"
    assert dict(only(loaded(first), desk).digest) == {"sha256": digest("1")}
    assert set(dict(only(loaded(first, second), desk).digest)) == {MANIFEST}
    assert only(loaded(desk.folder / "gone.arrow"), desk).digest == ()


def test_what_nothing_pins_is_said_with_its_fingerprint(desk: Desk) -> None:
    one = only(loaded(), desk)
    assert not one.pinned
    assert one.note("fingerprint") == "f" * 16
    rows = only(SimpleNamespace(dataset=SimpleNamespace(dataset=[1, 2])), desk)
    assert (rows.pinned, rows.note("class")) == (False, "builtins.list")


def test_parts_of_several_are_each_named(desk: Desk) -> None:
    parts = {"train": "rows.jsonl", "more": loaded(), "none": None}
    assert len(data.materials([parts], desk)) == 2


@pytest.mark.parametrize("text", ["nowhere.jsonl", "./nowhere", "acme/talks@main"])
def test_a_name_that_means_nothing_is_said_at_once(text: str, desk: Desk) -> None:
    with pytest.raises(ConfigError):
        data.check_named([text], desk)
