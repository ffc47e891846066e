"""Where models lie below a folder: each is named once, at its top."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from provenance.source.local import found
from provenance.source.local.search import Search, lying_in
from tests import forge

CONFIG = b'{"model_type": "bert"}'
CLASS = b'{"_class_name": "StableDiffusionPipeline"}'

TREES: Mapping[str, tuple[Mapping[str, bytes], list[str]]] = {
    "weights alone": ({"a/model.gguf": b"", "b/c/x.safetensors": b""}, ["a", "b/c"]),
    "weights at the top": ({"model.bin": b"", "sub/other.bin": b""}, ["."]),
    "a configuration above its weights": (
        {"m/config.json": CONFIG, "m/onnx/model.onnx": b""},
        ["m"],
    ),
    "a pipeline of parts": (
        {"p/model_index.json": CLASS, "p/unet/a.safetensors": b"", "p/vae/b.safetensors": b""},
        ["p"],
    ),
    "a configuration of something else": (
        {"config.json": b'{"port": 8080}', "a/model.pt": b"", "b/model.pt": b""},
        ["a", "b"],
    ),
    "a configuration that cannot be read": ({"config.json": b"{", "a/model.pt": b""}, ["a"]),
    "a configuration without weights": ({"a/config.json": CONFIG, "b/model.pt": b""}, ["b"]),
    "by a list of modules": ({"s/modules.json": b"[]", "s/0/model.safetensors": b""}, ["s"]),
    "loose weights, and models beside them": (
        {
            "a.gguf": b"",
            "b-00001-of-00002.safetensors": b"",
            "b-00002-of-00002.safetensors": b"",
            "b.json": b"",
            "c/config.json": CONFIG,
            "c/model.safetensors": b"",
        },
        ["a.gguf", "b-00001-of-00002.safetensors", "c"],
    ),
    "shards alone": (
        {"m/consolidated.00.pth": b"", "m/consolidated.01.pth": b"", "m/x.json": b""},
        ["m"],
    ),
    "what a trainer leaves is no weights": (
        {"m/training_args.bin": b"", "m/model.bin": b"", "m/x.txt": b""},
        ["m"],
    ),
    "several files of one model": (
        {"m/config.json": CONFIG, "m/a.bin": b"", "m/b.onnx": b""},
        ["m"],
    ),
    "nothing": ({"README.md": b"", "a/b.txt": b""}, []),
    "what git keeps": ({".git/x.bin": b"", "a/y.bin": b""}, ["a"]),
    "snapshots": (
        {
            "models--a--b/snapshots/1/config.json": CONFIG,
            "models--a--b/snapshots/2/x.bin": b"",
            "models--a--b/blobs/1.bin": b"",
        },
        ["models--a--b/snapshots/1", "models--a--b/snapshots/2"],
    ),
    "blobs without a snapshot": ({"models--a--b/blobs/1": b""}, ["models--a--b"]),
    "a repository of which nothing was downloaded": ({"models--a--b/refs/main": b"1"}, []),
    "a folder that is only called as in the cache": ({"models--a--b/x.bin": b""}, ["models--a--b"]),
}


@pytest.mark.parametrize("name", TREES)
def test_each_model_is_named_at_its_top(tmp_path: Path, name: str) -> None:
    files, expected = TREES[name]
    forge.write(tmp_path, files)
    assert [str(one.place.relative_to(tmp_path)) for one in lying_in(tmp_path)] == expected


def test_loose_weights_have_their_own_files_alone(tmp_path: Path) -> None:
    forge.write(tmp_path, TREES["loose weights, and models beside them"][0])
    _, sharded, _ = lying_in(tmp_path)
    assert {entry.path for entry in found.layout_of(sharded).entries} == {
        "b-00001-of-00002.safetensors",
        "b-00002-of-00002.safetensors",
        "b.json",
    }
    assert sharded.words == (str(tmp_path),)


def test_a_folder_that_is_locked_is_one_model(tmp_path: Path) -> None:
    forge.write(tmp_path, {"m/a.gguf": b"", "m/b.gguf": b""})
    assert [one.place.name for one in lying_in(tmp_path)] == ["a.gguf", "b.gguf"]
    tops = frozenset({str((tmp_path / "m").resolve())})
    assert [one.place.name for one in lying_in(tmp_path, tops)] == ["m"]


def test_links_to_folders_are_followed_once_and_circles_end(tmp_path: Path) -> None:
    place = forge.write(tmp_path / "elsewhere/m", {"x.bin": b""})
    top = tmp_path / "top"
    forge.write(top / "a", {"b.txt": b""})
    (top / "a/again").symlink_to(top)
    (top / "one").symlink_to(place)
    (top / "two").symlink_to(place)
    (top / "gone").symlink_to(tmp_path / "nothing")
    assert [one.place for one in lying_in(top)] == [top / "one"]


def test_more_names_than_are_looked_at_are_told(tmp_path: Path) -> None:
    forge.write(tmp_path, {f"{number}/a.txt": b"" for number in range(20)})
    (told,) = Search(left=10).below(tmp_path)
    assert "name smaller folders" in told.unread


def test_a_snapshot_is_the_repository_and_commit_that_its_folder_says(tmp_path: Path) -> None:
    commit = "c" * 40
    for folder in ("models--acme--bot", "models--gpt2", "models--a--b--c"):
        forge.write(tmp_path / folder / "snapshots" / commit, {"x.bin": b""})
    named = {one.name: (one.ref.repo, one.ref.commit) for one in lying_in(tmp_path)}
    assert named == {
        f"acme/bot@{commit}": ("acme/bot", commit),
        f"gpt2@{commit}": (None, commit),
        f"a/b/c@{commit}": (None, commit),
    }


def test_only_what_was_not_downloaded_is_lacking(tmp_path: Path) -> None:
    cache = tmp_path / "models--acme--bot"
    place = forge.write(cache / "snapshots" / ("c" * 40), {"config.json": CONFIG})
    forge.write(tmp_path, {"outside.bin": b"1"})
    (place / "lost.safetensors").symlink_to(cache / "blobs" / "1")
    (place / "outside.bin").symlink_to(tmp_path / "outside.bin")
    (one,) = lying_in(cache)
    assert found.lacking(one, found.layout_of(one)) == {"lost.safetensors"}


def test_a_folder_whose_path_is_too_long_to_look_into_is_told(tmp_path: Path) -> None:
    forge.write(tmp_path, {"m/x.bin": b""})
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    told, model = lying_in(tmp_path)
    assert "File name too long" in told.unread
    assert model.place == tmp_path / "m"


def test_a_cache_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert found.is_there(loop)
    assert not found.is_there(tmp_path / "nothing")
    (told,) = found.cached_in(loop)
    assert "Too many levels of symbolic links" in told.unread
