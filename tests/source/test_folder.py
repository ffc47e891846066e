"""A folder that stands for a store: looked at as any directory is."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.errors import Absent, ConfigError, SourceError
from provenance.model import Ref
from provenance.refs import in_store
from provenance.source import directory
from provenance.source.remote.store import Known, StoreOptions, collect, store
from tests import forge
from tests.hubs import FILES

AT = datetime.now(UTC)


def test_a_folder_is_looked_at_as_a_directory_is(tmp_path: Path) -> None:
    place = forge.write(tmp_path / "a folder", FILES)
    (place / "out.json").symlink_to("/etc/hostname")
    os.mkfifo(place / "pipe")
    source = f"file://{tmp_path}/a%20folder"
    found = collect(store(source, StoreOptions()), in_store(source), at=AT)
    assert {(seen.code, seen.path) for seen in found.observations} == {
        ("symlink", "out.json"),
        ("special-file", "pipe"),
        ("undeclared", "model.safetensors"),
    }
    assert set(found.manifest.by_path) == set(FILES)


def test_a_file_that_is_changed_after_the_listing_is_not_read(tmp_path: Path) -> None:
    place = forge.write(tmp_path / "m", FILES)
    release = store(f"file://{place}", StoreOptions()).opened(None).release
    (place / "config.json").write_bytes(b"{}")
    with pytest.raises(SourceError, match="changed since it was listed"):
        release.whole("config.json", 99)


@pytest.mark.parametrize("other", [b"{}", b"another length"])
def test_a_known_revision_is_there_where_only_times_differ(tmp_path: Path, other: bytes) -> None:
    place = forge.write(tmp_path / "m", {**FILES, "config.json": b"[]"})
    here = directory.collect(place, ref=Ref(text="m"), at=AT)
    first = store(f"file://{place}", StoreOptions()).opened(None).revision
    known = {first: Known(manifest=here.listing.digest, files=here.manifest)}
    os.utime(place / "config.json", ns=(1, 1))
    asked = store(f"file://{place}", StoreOptions(known=known))
    found = asked.opened(first)
    assert (found.revision, found.now) == (first, asked.opened(None).revision)
    assert found.now != first
    (place / "config.json").write_bytes(other)
    with pytest.raises(Absent, match="were changed, added or removed"):
        asked.opened(first)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("file://mirror/bot", ["file:///mirror/bot", "file:///home/me/mirror/bot"]),
        ("file:mirror/bot", ["file:///mirror/bot", "file:///home/me/mirror/bot"]),
        ("file://a b/c", ["file:///a%20b/c", "file:///home/me/a%20b/c"]),
        ("file:///a b", ["file:///a%20b"]),
    ],
)
def test_a_folder_is_named_by_its_whole_path(text: str, typed: list[str]) -> None:
    with pytest.raises(ConfigError) as said:
        in_store(text)
    lines = re.findall(
        r"file://[^\s,\"]+", str(said.value).partition("type ")[2].partition(", found")[0]
    )
    assert [in_store(line.replace("$PWD", "/home/me")).source for line in lines] == typed


def test_a_file_is_no_place_of_a_store(tmp_path: Path) -> None:
    file = tmp_path / "m.txt"
    file.write_text("words")
    with pytest.raises(SourceError, match=f"expected a folder, found a file: type {file} without"):
        store(f"file://{file}", StoreOptions()).opened(None)
