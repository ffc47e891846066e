"""A folder that stands for a store: looked at as any directory is."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.errors import ConfigError, SourceError
from provenance.refs import in_store
from provenance.source.remote.store import StoreOptions, collect, store
from provenance.source.remote.writer import writer
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


@pytest.mark.parametrize("text", ["file://mirror/bot", "file:mirror/bot", "file:///a b"])
def test_a_folder_is_named_by_its_whole_path(text: str) -> None:
    with pytest.raises(ConfigError, match=r"type .file://\$PWD/"):
        in_store(text)


@pytest.mark.parametrize(
    "path", ["a/../b", "a/%2e%2e/b", "a/%2E./b", "..", "a/./b", "a/.", "a%00b"]
)
@pytest.mark.parametrize("opened", [store, writer])
def test_a_folder_is_named_without_a_way_up(
    tmp_path: Path, opened: Callable[[str, StoreOptions], object], path: str
) -> None:
    source = f"file://{tmp_path}/{path}"
    with pytest.raises(ConfigError, match=r"expected a path without '\.' and '\.\.'"):
        opened(source, StoreOptions())


@pytest.mark.parametrize("opened", [store, writer])
def test_dots_in_a_name_lead_nowhere(
    tmp_path: Path, opened: Callable[[str, StoreOptions], object]
) -> None:
    for name in ("...", "a..b", ".hidden", "v1.0."):
        opened(f"file://{tmp_path}/{name}", StoreOptions())
