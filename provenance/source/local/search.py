"""Which models lie below a folder: each by its weights and its top. Nothing is hashed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.names import is_by_product, is_weight_name
from provenance.model import Ref
from provenance.source.layout import small, written
from provenance.source.local import ollama
from provenance.source.local.found import (
    Lying,
    closed,
    is_cached,
    pulled_in,
    snapshots_of,
    unread,
)

MOST_NAMES = 2_000_000
"""The most names that are looked at below one folder."""

MARKERS: Mapping[str, tuple[str, ...]] = {
    "config.json": ("model_type", "architectures", "_class_name", "auto_map"),
    "model_index.json": ("_class_name",),
    "adapter_config.json": ("peft_type",),
    "tokenizer_config.json": ("tokenizer_class", "chat_template"),
    "open_clip_config.json": ("model_cfg",),
    "params.json": ("dim", "n_layers"),
    "genai_config.json": (),
    "modules.json": (),
    "config_sentence_transformers.json": (),
    "hyperparams.yaml": (),
}
"""By its name a file that stands at the top of a model, and one of the keys that it then has; any
where none are named."""

SHARD = re.compile(r"-\d+-of-\d+|\.\d\d(?=\.pth$)")
"""What tells the files apart in which the weights of one model are cut."""

MAX_MARKER = 1 << 20
PASSED_OVER = frozenset({".git"})


def lying_in(folder: Path, tops: frozenset[str] = frozenset()) -> Iterator[Lying]:
    """Every model at or below a folder, each once, in the order of paths.

    A model ends at its top: what lies below it is its own. The real paths in `tops` are such.
    Several weights that lie loose in one folder are a model each. Links to folders are followed,
    each folder is looked at once.
    """
    yield from Search(tops=tops).below(folder)


@dataclass(slots=True)
class Search:
    """A walk through folders; what was looked at is not looked at again."""

    left: int = MOST_NAMES
    tops: frozenset[str] = frozenset()
    seen: set[tuple[int, int]] = field(default_factory=set)

    def below(self, top: Path) -> Iterator[Lying]:
        """Every model at or below a folder."""
        todo = [top]
        while todo:
            folder = todo.pop()
            try:
                if self._again(folder):
                    continue
                files, folders = self._items(folder)
            except OSError as error:
                yield closed(folder, error)
                continue
            if self.left < 0:
                yield unread(folder, f"more than {MOST_NAMES} names: name smaller folders")
                return
            if (found := self._laid(folder)) is not None:
                yield from found
            elif self._is_top(folder, files, folders):
                yield _plain(folder)
            else:
                yield from _loose(folder, files)
                todo += [folder / name for name in reversed(folders) if name not in PASSED_OVER]

    def _again(self, folder: Path) -> bool:
        status = os.stat(folder)
        key = (status.st_dev, status.st_ino)
        known = key in self.seen
        self.seen.add(key)
        return known

    def _items(self, folder: Path) -> tuple[list[str], list[str]]:
        """The names of the files and of the folders in it, in their order."""
        files: list[str] = []
        folders: list[str] = []
        with os.scandir(folder) as found:
            for item in found:
                self.left -= 1
                (folders if _leads_to_folder(item) else files).append(item.name)
        return sorted(files), sorted(folders)

    def _laid(self, folder: Path) -> Iterator[Lying] | None:
        """The models of a folder that a program has laid out in its own way, if it is one."""
        if ollama.is_store(folder):
            return pulled_in(folder)
        if is_cached(folder):
            return snapshots_of(folder)
        return None

    def _is_top(self, folder: Path, files: list[str], folders: list[str]) -> bool:
        """Whether a model begins here: by its weights, or by what stands at the top of one."""
        count = len(_weights(files))
        if count == 1 or os.path.realpath(folder) in self.tops:
            return True
        marked = any(_marks(folder, name) for name in files)
        return marked and (count > 1 or self._has_weights(folder, folders))

    def _has_weights(self, top: Path, folders: list[str]) -> bool:
        todo = [top / name for name in folders]
        while todo and self.left >= 0:
            folder = todo.pop()
            if folder.is_symlink():
                continue
            try:
                files, inner = self._items(folder)
            except OSError:
                return True
            if any(map(is_weight_name, files)):
                return True
            todo += [folder / name for name in inner]
        return False


def _leads_to_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:
        return False


def _marks(folder: Path, name: str) -> bool:
    """Whether a file is one that stands at the top of a model."""
    if not MARKERS.get(name):
        return name in MARKERS
    data = small(str(folder / name), MAX_MARKER)
    try:
        held = json.loads(data or b"")
    except Malformed:
        return False
    return isinstance(held, dict) and any(key in held for key in MARKERS[name])


def _weights(files: Sequence[str]) -> dict[str, list[str]]:
    """The files of weights, those together in which one model is cut; none of a trainer's own."""
    found: dict[str, list[str]] = {}
    for name in files:
        if is_weight_name(name) and not is_by_product(name):
            found.setdefault(SHARD.sub("", name), []).append(name)
    return found


def _loose(folder: Path, files: Sequence[str]) -> Iterator[Lying]:
    """A model for each of the weights that lie in a folder, with what is called as they are."""
    for whole, own in _weights(files).items():
        stem = whole.rpartition(".")[0] + "."
        others = (name for name in files if name.startswith(stem) and not is_weight_name(name))
        place = folder / own[0]
        text = written(str(place))
        yield Lying(
            name=text,
            place=place,
            ref=Ref(text=text),
            words=(str(place if len(own) == 1 else folder),),
            loose=(*own, *others),
        )


def _plain(folder: Path) -> Lying:
    text = written(str(folder))
    return Lying(name=text, place=folder, ref=Ref(text=text), words=(str(folder),))
