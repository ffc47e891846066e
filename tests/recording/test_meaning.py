"""From the files that were opened to models, data, settings and checkpoints."""

from __future__ import annotations

import os

import pytest

from provenance.recording.stamp import Stamp
from provenance.recording.watched.meaning import Ground, Meaning, meaning
from provenance.recording.watched.opened import Opened, Seen, Way

HUB, DATASETS, C = "/c/hub", "/c/datasets", "c" * 40
BASE = {"config.json", "model.safetensors", "tokenizer.json"}
NAMES = {
    "/w/base": BASE,
    "/w/adapter": {"adapter_config.json", "adapter_model.safetensors"},
    "/w/pipe": {"model_index.json", "unet"},
    "/w/pipe/unet": {"config.json", "x.safetensors"},
    "/w/words": {"tokenizer.json", "config.json"},
    "/w/many": {"q4.gguf", "q8.gguf"},
    "/w/data": {"train.jsonl", "config.json"},
    "/w": {"base", "run.py", "recipe.yaml"},
    "/w/out": BASE,
    "/w/out/checkpoint-5": BASE,
}
BEFORE = frozenset({"model.safetensors", "checkpoint-5/model.safetensors", "config.json"})


def found(
    *paths: str, whole: bool = True, way: Way = Way.HOOK, before: frozenset[str] = frozenset()
) -> Meaning:
    stamp = Stamp(inode=1, size=1, changed=1)
    files = {path: Opened(path=path, stamp=stamp, ways=frozenset({way})) for path in paths}
    ground = Ground(
        out="/w/out",
        names={folder: frozenset(names) for folder, names in NAMES.items()},
        before=before,
        settings=frozenset({"/w/recipe.yaml", "/w/ds.json"}),
        datasets=DATASETS,
        whole=whole,
    )
    return meaning(Seen(files=files), ground)


MODELS: dict[str, tuple[list[str], list[str]]] = {
    "a folder": (["/w/base/config.json", "/w/base/model.safetensors"], ["/w/base"]),
    "an adapter and its base": (
        ["/w/adapter/adapter_model.safetensors", "/w/base/model.safetensors"],
        ["/w/adapter", "/w/base"],
    ),
    "a pipeline, as a whole": (
        ["/w/pipe/model_index.json", "/w/pipe/unet/x.safetensors"],
        ["/w/pipe"],
    ),
    "one file of several": (["/w/many/q4.gguf"], ["/w/many/q4.gguf"]),
    "weights alone": (["/w/x/base.pt"], ["/w/x/base.pt"]),
    "a snapshot, as a whole": (
        [f"{HUB}/models--a--b/snapshots/{C}/unet/x.safetensors"],
        [f"{HUB}/models--a--b/snapshots/{C}"],
    ),
    "no settings alone": (["/w/base/config.json", "/w/base/tokenizer.json"], []),
    "no words of a tokenizer": (["/w/words/tokenizer.json"], []),
    "no output": (["/w/out/model.safetensors"], []),
    "no state of an optimizer": (["/w/base/optimizer.pt", "/w/x/rng_state_0.pth"], []),
    "no installed weights": (["/w/.venv/lib/python3.11/site-packages/t/x.safetensors"], []),
    "no code": (["/w/run.py", "/w/lib/x.so"], []),
}


@pytest.mark.parametrize("name", MODELS)
def test_models(name: str) -> None:
    opened, expected = MODELS[name]
    assert [one.place for one in found(*opened).models] == expected


def test_where_not_all_was_seen_settings_tell_a_model_too() -> None:
    assert [one.place for one in found("/w/base/config.json", whole=False).models] == ["/w/base"]


@pytest.mark.parametrize(("way", "sure"), [(Way.HOOK, True), (Way.INOTIFY, False)])
def test_what_the_commands_own_processes_opened_is_sure(way: Way, sure: bool) -> None:
    (model,) = found("/w/base/model.safetensors", way=way).models
    assert model.sure is sure


MADE = f"{DATASETS}/acme___rows/default/0.0.0/{C}"
LOCAL = f"{DATASETS}/json/default-1a/0.0.0/{'d' * 64}"
DATA: dict[str, tuple[str, tuple[str, str, str] | None]] = {
    "rows": ("/w/data/train.jsonl", ("/w/data", "", "")),
    "an archive": ("/w/data/x.tar.zst", ("/w/data", "", "")),
    "of the Hub": (
        f"{HUB}/datasets--acme--rows/snapshots/{C}/data/x.parquet",
        (f"{HUB}/datasets--acme--rows/snapshots/{C}", "acme/rows", C),
    ),
    "of the Hub, as datasets keeps it": (f"{MADE}/rows-train.arrow", (MADE, "acme/rows", C)),
    "made of files": (f"{LOCAL}/json-train.arrow", (LOCAL, "", "")),
    "no list of packages": ("/w/requirements-dev.txt", None),
    "no licence": ("/w/LICENSE.txt", None),
    "no lock": (f"{DATASETS}/x.lock", None),
}


@pytest.mark.parametrize("name", DATA)
def test_data(name: str) -> None:
    opened, expected = DATA[name]
    rows = [(one.place, one.repo, one.commit) for one in found(opened).data]
    assert rows == ([expected] if expected else [])


SETTINGS: dict[str, tuple[str, bool]] = {
    "a recipe": ("/w/recipe.yaml", True),
    "settings that the command names": ("/w/ds.json", True),
    "a template": ("/w/chat.jinja", True),
    "words of a tokenizer": ("/w/words/tokenizer.json", True),
    "no data": ("/w/data/train.jsonl", False),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str) -> None:
    opened, told = SETTINGS[name]
    assert found(opened).settings == ((opened,) if told else ())


@pytest.mark.parametrize(
    ("opened", "before", "places"),
    [
        ("/w/out/checkpoint-5/model.safetensors", BEFORE, ["/w/out/checkpoint-5"]),
        ("/w/out/model.safetensors", BEFORE, ["/w/out"]),
        ("/w/out/checkpoint-5/model.safetensors", frozenset(), []),
        ("/w/out/config.json", BEFORE, []),
    ],
)
def test_output_that_was_there_before_was_gone_on_from(
    opened: str, before: frozenset[str], places: list[str]
) -> None:
    made = found(opened, before=before)
    assert [one.place for one in made.checkpoints] == places
    assert made.models == ()


def test_the_order_does_not_depend_on_what_came_first() -> None:
    paths = ["/w/base/model.safetensors", "/w/data/train.jsonl", "/w/many/q4.gguf", "/w/ds.json"]
    assert found(*paths) == found(*reversed(paths))


def test_every_file_that_went_in_is_one_of_something() -> None:
    paths = {"/w/base/model.safetensors", "/w/data/train.jsonl"}
    assert found(*paths, "/w/run.py").files == paths
    assert all(os.path.isabs(path) for path in paths)
