"""From the files that were opened to what they are: models, data, settings, checkpoints. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from provenance.formats.names import OPENED as MODEL_FILE
from provenance.formats.names import is_by_product, is_requirements, is_weight_name, words
from provenance.recording.watched.cached import Snapshot, snapshot_of
from provenance.recording.watched.opened import Opened, Seen, Way

CONFIGS = words(
    "config.json adapter_config.json model_index.json modules.json params.json"
    " open_clip_config.json config.yaml hyperparams.yaml saved_model.pb"
)
"""What makes a folder with weights one model."""
WHOLES = words("model_index.json modules.json")
"""What makes the folders below it parts of one model."""
ALONE = words(".safetensors .gguf .ggml .onnx .pt .pth .ckpt .nemo .llamafile .tflite .pdparams")
"""Suffixes of weights that are a model without any folder; others may as well be data."""
DATA = words(
    ".parquet .arrow .feather .json .jsonl .ndjson .csv .tsv .txt .avro .orc .lance .tar .tgz .zip"
    " .zst .gz .xz .bz2 .lz4 .7z .mds .wds .idx .tfrecord .tfrecords .npy .npz .h5 .hdf5 .bin .pkl"
    " .pickle .joblib .msgpack .db .sqlite .sqlite3 .lmdb .mdb .wav .flac .mp3 .ogg .opus .m4a .mp4"
    " .webm .mkv .jpg .jpeg .png .gif .webp .bmp .tif .tiff .xml .html .md .pdf .nii .dcm .pdb"
)
SETTINGS = words(".yaml .yml .toml .ini .cfg .jinja .jinja2 .j2")
NO_DATA = re.compile(
    r"(package(-lock)?|tsconfig.*|composer)\.json|(cmakelists|licen[cs]e.*|notice|entry_points"
    r"|top_level|readme.*|changelog.*|copying.*)\.(txt|md)|.*\.(lock|pid|log)|readme|licen[cs]e"
)
INSTALLED = re.compile(
    r"/(site-packages|dist-packages|__pycache__|\.git|node_modules|nltk_data)/|/lib/python\d[^/]*/"
)
CHECKPOINT = re.compile(r"checkpoint[-_]\d+|step[-_]?\d+|epoch[-_]?\d+|last\.ckpt|global_step\d+")
GENERATED = re.compile(
    r"(?P<name>[^/]+)/(?P<config>[^/]+)/(?P<version>\d[^/]*)/(?P<mark>[0-9a-f]{16,64})/.+"
)
"""Below the cache of `datasets`, what was made of a data set: its commit or a fingerprint."""
COMMIT = re.compile("[0-9a-f]{40}")
FEW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known of the places: absolute paths with no link in them.

    `names` has what lies in each folder of an opened file, and above it up to its root; `before`
    are the files that lay in `out` when the command began; `settings` are the files that the
    command line names. `whole` says that every opened file was seen.
    """

    out: str
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    before: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    datasets: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of which something was opened: a folder or a file, and its snapshot if it is one.

    `sure` says that the command's own processes opened it, not just anybody.
    """

    place: str
    files: tuple[str, ...]
    snapshot: Snapshot | None = None
    sure: bool = False

    @property
    def name(self) -> str:
        """How it is named on a command line."""
        return self.snapshot.name if self.snapshot else self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A data set of a Hub at a commit, or files of one folder; `mark` tells a fingerprint."""

    place: str
    files: tuple[str, ...]
    repo: str = ""
    commit: str = ""
    mark: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """How it is named on a command line: by its commit, its few files, or its folder."""
        if self.commit:
            return (f"{self.repo}@{self.commit}",)
        return self.files if len(self.files) <= FEW else (self.place,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What was opened, by what it is."""

    models: tuple[Model, ...] = ()
    data: tuple[Data, ...] = ()
    settings: tuple[str, ...] = ()
    checkpoints: tuple[Model, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        """Every file of a model or data set, which nobody may write to meanwhile."""
        models = (path for one in self.models for path in one.files)
        return frozenset((*models, *(path for one in self.data for path in one.files)))

    @property
    def own(self) -> frozenset[str]:
        """Every file that the command, or whoever plans the next one, may well write to."""
        checkpoints = (path for one in self.checkpoints for path in one.files)
        return frozenset((*checkpoints, *self.settings))


Key = tuple[str, str]
"""What a file is part of: `model`, `data`, `checkpoint` or `settings`, and the place of it."""


def meaning(seen: Seen, ground: Ground) -> Meaning:
    """What the opened files are, in the order of their places."""
    groups: dict[Key, list[Opened]] = {}
    for path in sorted(seen.files):
        if key := _key(path, ground):
            groups.setdefault(key, []).append(seen.files[path])
    models = [_model(place, files) for (kind, place), files in groups.items() if kind == "model"]
    read = [one for one in models if not ground.whole or any(map(_is_weight, one.files))]
    unread = [path for one in models if one not in read for path in one.files]
    return Meaning(
        models=tuple(sorted(read, key=lambda one: one.place)),
        data=tuple(_data(place, one) for (kind, place), one in groups.items() if kind == "data"),
        settings=tuple(sorted([*unread, *(place for kind, place in groups if kind == "settings")])),
        checkpoints=tuple(
            _model(place, files) for (kind, place), files in groups.items() if kind == "checkpoint"
        ),
    )


def _key(path: str, ground: Ground) -> Key | None:
    """What the file is part of; None for code, output and what is neither a model nor data."""
    if inner := _below(path, ground.out):
        return _earlier(path, inner, ground)
    if snapshot := snapshot_of(path):
        return ("data" if snapshot.dataset else "model", snapshot.place)
    if ground.datasets and (cached := _below(path, ground.datasets)):
        found = GENERATED.fullmatch(cached)
        return ("data", path[: -len(cached)] + _generated(found)) if found else None
    if INSTALLED.search(path):
        return None
    return _plain(path, ground)


def _plain(path: str, ground: Ground) -> Key | None:
    folder, name = os.path.split(path)
    lower = name.lower()
    if is_by_product(name) or is_requirements(lower):
        return None
    if path in ground.settings and not is_weight_name(name):
        return "settings", path
    if _is_model(folder, ground) and (is_weight_name(name) or MODEL_FILE.fullmatch(lower)):
        return "model", _top(folder, ground)
    if lower.endswith(tuple(ALONE)):
        return "model", path
    if lower.endswith(tuple(SETTINGS)) or MODEL_FILE.fullmatch(lower):
        return "settings", path
    if lower.endswith(tuple(DATA)) and not NO_DATA.fullmatch(lower):
        return "data", folder
    return None


def _earlier(path: str, inner: str, ground: Ground) -> Key | None:
    """A file of the output that was there before is of a checkpoint that was gone on from."""
    if inner not in ground.before or not (_is_weight(path) or is_by_product(path)):
        return None
    first = inner.partition("/")[0]
    if "/" in inner and CHECKPOINT.fullmatch(first):
        return "checkpoint", os.path.join(ground.out, first)
    return "checkpoint", os.path.dirname(path)


def _is_model(folder: str, ground: Ground) -> bool:
    """Whether the folder holds a model, or is a part of one that the folder above it holds."""
    names = ground.names.get(folder, frozenset())
    if names & WHOLES or (names & CONFIGS and any(map(_is_weight, names))):
        return True
    return bool(ground.names.get(os.path.dirname(folder), frozenset()) & WHOLES)


def _top(folder: str, ground: Ground) -> str:
    above = os.path.dirname(folder)
    return above if ground.names.get(above, frozenset()) & WHOLES else folder


def _is_weight(path: str) -> bool:
    return is_weight_name(path) and not is_by_product(path)


def _model(place: str, files: Iterable[Opened]) -> Model:
    every = tuple(files)
    return Model(
        place=place,
        files=tuple(one.path for one in every),
        snapshot=snapshot_of(place),
        sure=any(Way.HOOK in one.ways for one in every),
    )


def _data(place: str, files: Iterable[Opened]) -> Data:
    paths = tuple(one.path for one in files)
    if snapshot := snapshot_of(place):
        return Data(place=place, files=paths, repo=snapshot.repo, commit=snapshot.commit)
    name, mark = _made_of(place)
    if "___" in name:
        commit = mark if COMMIT.fullmatch(mark) else ""
        repo = name.replace("___", "/", 1)
        return Data(place=place, files=paths, repo=repo, commit=commit, mark=mark)
    return Data(place=place, files=paths, mark=mark)


def _generated(found: re.Match[str]) -> str:
    return "/".join(found.group("name", "config", "version", "mark"))


def _made_of(place: str) -> tuple[str, str]:
    """The name and the mark of what `datasets` made, by where it lies; empty for any other."""
    parts = place.rsplit("/", 4)
    found = GENERATED.fullmatch("/".join((*parts[1:], "file"))) if len(parts) == 5 else None
    return (found["name"], found["mark"]) if found else ("", "")


def _below(path: str, folder: str) -> str:
    """The path from the folder on; empty for one that is not in it."""
    top = folder.rstrip("/") + "/"
    return path[len(top) :] if folder and path.startswith(top) else ""


def folders_of(seen: Seen) -> Iterator[str]:
    """The folders whose names tell what the opened files are."""
    found = dict.fromkeys(os.path.dirname(path) for path in seen.files)
    yield from dict.fromkeys(each for one in found for each in (one, os.path.dirname(one)))
