"""Where a command may read models and data, as its own words and the caller's variables say."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.formats.names import is_by_product, is_weight_name
from provenance.recording.watched.watch import Places
from provenance.source.hub.cache import known

RECIPES = (".yaml", ".yml", ".json", ".toml")
MOST_RECIPE = 1 << 20
MOST_WORDS = 4_096
MOST_WORD = 1_024
"""Characters of a path."""
MOST_LINKS = 256
PARTED = re.compile("[=,]")
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
    """What is to be watched for a command: the working directory, the caller's roots, the paths
    that its words and recipes name; the caches of the Hub and of `datasets`."""
    recipes = recipes_of(words, folder)
    named = [str(folder), *(str(folder / root) for root in roots)]
    home = variables.get("HOME") or "/"
    said = [*_paths(words, folder, home), *_in_recipes(recipes, folder, home), *_linked(folder)]
    hub = known(cache)
    return Places(
        roots=tuple(dict.fromkeys([*named, *(p for p in said if _is_small(p, variables))])),
        out=str(folder / out),
        hub=str(hub) if hub else "",
        datasets=_datasets(variables),
        settings=frozenset(os.path.realpath(path) for path in recipes),
        unwatched=tuple(p for p in said if not _is_small(p, variables) and _has_weights(p)),
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


def _paths(words: Sequence[str], folder: Path, home: str = "") -> Iterator[str]:
    """Each word, or part of it between `=` and commas, that is a path here; `~/` is the home."""
    for word in words[:MOST_WORDS]:
        parts = PARTED.split(word) if len(word) < MOST_WORD else []
        for text in dict.fromkeys((word, word.partition("=")[2], *parts)):
            said = os.path.join(home, text[2:]) if home and text.startswith("~/") else text
            path = os.path.join(folder, said) if said and "\0" not in said else ""
            if path and len(said) < MOST_WORD and os.path.exists(path):
                yield os.path.abspath(path)


def _in_recipes(recipes: Mapping[str, bytes], folder: Path, home: str) -> Iterator[str]:
    """The paths that recipes name, from the working directory or from the recipe's own folder."""
    for path, data in recipes.items():
        try:
            is_toml = path.lower().endswith(".toml")
            texts = list(_texts(tomllib.loads(data.decode()) if is_toml else yaml.loads(data)))
        except (Malformed, ValueError, RecursionError):
            continue
        for place in dict.fromkeys((folder, Path(path).parent)):
            yield from _paths(texts, place, home)


def _linked(folder: Path) -> Iterator[str]:
    """The folders with weights that links in the working directory lead to: what only watches
    folders does not follow them."""
    try:
        links = [item.path for item in os.scandir(folder) if item.is_symlink() and item.is_dir()]
    except OSError:
        return
    yield from (os.path.realpath(link) for link in sorted(links)[:MOST_LINKS] if _has_weights(link))


def _has_weights(place: str) -> bool:
    try:
        return any(is_weight_name(name) and not is_by_product(name) for name in os.listdir(place))
    except OSError:
        return False


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
