"""The files that a data set was made from, found again by the name of its folder in a cache."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provenance.recording import data
from provenance.recording.sources import INFO, LIBRARY, sources
from provenance.wire.training import Material
from provenance.workspace.materials import Desk

ROWS = {"rows.jsonl": "12", "more.jsonl": "345", "deep/a.csv": "6789", "deep/b.csv": "67890"}


@dataclass(frozen=True)
class BuilderConfig:
    """As that of `datasets`: its name for a folder has the paths and times of the files in it."""

    name: str

    def create_config_id(self, words: Mapping[str, Any]) -> str:
        files = {
            split: [(path, os.stat(path).st_mtime) for path in paths]
            for split, paths in words["data_files"].items()
        }
        text = json.dumps({**words, "data_files": files})
        return f"{self.name}-{sha256(text.encode()).hexdigest()[:16]}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with rows, beside a library that has loaded some of them."""
    made = SimpleNamespace(from_patterns=dict)
    library = SimpleNamespace(
        BuilderConfig=BuilderConfig, data_files=SimpleNamespace(DataFilesDict=made)
    )
    monkeypatch.setitem(sys.modules, LIBRARY, library)
    place = tmp_path / "work"
    for name, text in ROWS.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def cached(folder: Path, files: Mapping[str, list[str]], **more: object) -> Path:
    """Where the library keeps what it made from these files."""
    paths = {split: [str(folder / name) for name in names] for split, names in files.items()}
    name = BuilderConfig("default").create_config_id({"data_files": paths, **more})
    place = folder.parent / "cache" / "json" / name / "0.0.0" / "0f"
    place.mkdir(parents=True)
    sizes = [len(ROWS[name]) for names in files.values() for name in names]
    said = {
        "config_name": "default",
        "download_size": sum(sizes),
        "splits": {name: {} for name in files},
    }
    (place / INFO).write_text(json.dumps(said))
    (place / "cache-1.arrow").write_text("made of them")
    return place


FOUND: dict[str, tuple[dict[str, list[str]], dict[str, object], str]] = {
    "one": ({"train": ["rows.jsonl"]}, {}, ""),
    "from_json": ({"train": ["rows.jsonl"]}, {"field": None}, "train"),
    "below": ({"train": ["deep/b.csv"]}, {}, ""),
    "alike": ({"train": ["deep/a.csv", "deep/b.csv"]}, {}, "train[:5]"),
    "splits": ({"train": ["more.jsonl"], "test": ["rows.jsonl"]}, {}, ""),
    "three": ({"a": ["more.jsonl"], "b": ["rows.jsonl"], "c": ["deep/a.csv"]}, {}, ""),
}


@pytest.mark.parametrize("name", FOUND)
def test_files_are_found_by_the_name_that_they_give(folder: Path, name: str) -> None:
    files, more, split = FOUND[name]
    expected = [folder / one for names in files.values() for one in names]
    assert list(sources(cached(folder, files, **more), folder, split)) == expected


def test_of_several_splits_it_is_the_one_that_is_read(folder: Path) -> None:
    place = cached(folder, {"train": ["more.jsonl"], "test": ["rows.jsonl"]})
    assert sources(place, folder, "test") == (folder / "rows.jsonl",)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"download_size": 2}', '{"download_size": "2", "splits": []}', None]
)
def test_a_folder_that_tells_nothing_has_no_source(folder: Path, text: str | None) -> None:
    place = cached(folder, {"train": ["rows.jsonl"]})
    (place / INFO).unlink()
    if text is not None:
        (place / INFO).write_text(text)
    assert sources(place, folder) == ()


def material(place: Path, folder: Path, **info: object) -> Material:
    files = [{"filename": str(place / "cache-1.arrow")}]
    known = SimpleNamespace(builder_name="json", **info)
    rows = SimpleNamespace(info=known, cache_files=files, _fingerprint="f" * 16)
    (found,) = data.materials([rows], Desk(at=datetime(2026, 1, 1, tzinfo=UTC), folder=folder))
    return found


def test_what_was_mapped_is_named_by_the_file_that_it_was_made_from(folder: Path) -> None:
    found = material(cached(folder, {"train": ["rows.jsonl"]}), folder)
    assert dict(found.digest) == {"sha256": sha256(b"12").hexdigest()}
    assert (found.note("path"), found.note("fingerprint")) == ("rows.jsonl", "f" * 16)


def test_a_file_that_changed_since_is_no_source(folder: Path) -> None:
    place = cached(folder, {"train": ["rows.jsonl"]})
    os.utime(folder / "rows.jsonl", (1, 1))
    found = material(place, folder)
    assert dict(found.digest) == {"sha256": sha256(b"made of them").hexdigest()}
    assert found.note("path") == "cache-1.arrow"


def test_without_the_library_nothing_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = cached(folder, {"train": ["rows.jsonl"]})
    monkeypatch.delitem(sys.modules, LIBRARY)
    assert sources(place, folder) == ()


def test_what_several_were_mixed_to_is_none_of_them(folder: Path) -> None:
    own = cached(folder, {"train": ["rows.jsonl"]})
    (own / "json-train.arrow").write_text("rows")
    hub = Path(f"/c/acme___talks/default/0.0.0/{'d' * 40}")
    blocks = [[type("InMemoryTable", (), {})()], [object()]]
    names = [own / "json-train.arrow", own / "cache-1.arrow", hub / "talks-train.arrow"]
    mixed = SimpleNamespace(
        info=SimpleNamespace(builder_name=None),
        cache_files=[{"filename": str(name)} for name in names],
        data=SimpleNamespace(blocks=blocks),
    )
    desk = Desk(at=datetime(2026, 1, 1, tzinfo=UTC), folder=folder)
    rows, talks, mapped, memory = data.materials([mixed], desk)
    assert rows.note("path") == "rows.jsonl"
    assert talks.digest == (("gitCommit", "d" * 40),)
    assert dict(mapped.digest) == {"sha256": sha256(b"made of them").hexdigest()}
    assert not memory.pinned
