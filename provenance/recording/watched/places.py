"""Where a command may read models and data, as its own words and the caller's variables say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.recording.watched.watch import Places
from provenance.source.hub.cache import known

RECIPES = (".yaml", ".yml", ".json", ".toml")
MOST_RECIPE = 1 << 20
MOST_WORDS = 4_096
DATASETS, HOME, CACHE = "HF_DATASETS_CACHE", "HF_HOME", "XDG_CACHE_HOME"


def places(
    words: Sequence[str],
    folder: Path,
    out: Path,
    variables: Mapping[str, str],
    *,
    roots: Sequence[Path] = (),
    cache: Path | None = None,
) -> Places:
    """What is to be watched for a command: the caller's roots, else the working directory, with the
    paths that its words and recipes name; the caches of the Hub and of `datasets`."""
    recipes = recipes_of(words, folder)
    named = [str(root) for root in roots] or [str(folder)]
    said = [*_paths(words, folder), *_in_recipes(recipes, folder)]
    hub = known(cache)
    return Places(
        roots=tuple(dict.fromkeys([*named, *(p for p in said if _is_small(p, variables))])),
        out=str(folder / out),
        hub=str(hub) if hub else "",
        datasets=_datasets(variables),
        settings=frozenset(os.path.realpath(path) for path in recipes),
    )


def recipes_of(words: Sequence[str], folder: Path) -> dict[str, bytes]:
    """The settings that a command line names, by path: YAML, JSON and TOML of at most 1 MiB."""
    found: dict[str, bytes] = {}
    for path in _paths(words, folder):
        if path.lower().endswith(RECIPES) and os.path.isfile(path):
            try:
                with open(path, "rb") as stream:
                    data = stream.read(MOST_RECIPE + 1)
            except OSError:
                continue
            if len(data) <= MOST_RECIPE:
                found[path] = data
    return found


def _paths(words: Sequence[str], folder: Path) -> Iterator[str]:
    """Each word, or what stands behind its `=`, that is a path here."""
    for word in words[:MOST_WORDS]:
        for text in (word, word.partition("=")[2]):
            path = os.path.join(folder, text) if text and "\0" not in text else ""
            if path and len(text) < 1_024 and os.path.exists(path):
                yield os.path.abspath(path)


def _in_recipes(recipes: Mapping[str, bytes], folder: Path) -> Iterator[str]:
    for path, data in recipes.items():
        if not path.lower().endswith(".toml"):
            try:
                value = yaml.loads(data)
            except Malformed:
                continue
            yield from _paths(list(_texts(value)), folder)


def _texts(value: object) -> Iterator[str]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list):
            left += one


def _is_small(path: str, variables: Mapping[str, str]) -> bool:
    """Whether a path that was merely named may be watched: no folder that holds the home."""
    home = os.path.realpath(variables.get("HOME") or "/")
    real = os.path.realpath(path)
    return not (home + "/").startswith(real.rstrip("/") + "/")


def _datasets(variables: Mapping[str, str]) -> str:
    if named := variables.get(DATASETS):
        return named
    home = variables.get(HOME)
    base = variables.get(CACHE) or os.path.join(variables.get("HOME") or "", ".cache")
    place = os.path.join(home or os.path.join(base, "huggingface"), "datasets")
    return place if os.path.isabs(place) else ""
