"""Ollama's own store: a manifest for each tag, whose layers are blobs beside it."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import Absent, Malformed, SourceError
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.model import LONG, Observation
from provenance.source.layout import Entry, Layout, small
from provenance.source.names import leads_out

FOLDER = "OLLAMA_MODELS"
"""The variable that names the store."""

SCHEME = "ollama://"
HOST, NAMESPACE, TAG = "registry.ollama.ai", "library", "latest"
"""What Ollama adds to a name that does not say it."""

SERVICE = Path("/usr/share/ollama/.ollama/models")
"""Where the service keeps them that Ollama's installer sets up on Linux."""

MANIFESTS, BLOBS = "manifests", "blobs"
MAX_MANIFEST = 1 << 20
MAX_LAYERS = 10_000
PREFIX = "sha256:"
CONFIG = "ollama.json"
LAYER = "layer"
LACKING = "unreadable"
"""The code of the observation that a blob is not there."""

PATHS: Mapping[str, str] = {
    "application/vnd.ollama.image.model": "model.gguf",
    "application/vnd.ollama.image.projector": "projector.gguf",
    "application/vnd.ollama.image.adapter": "adapter.gguf",
    "application/vnd.ollama.image.template": "template",
    "application/vnd.ollama.image.system": "system",
    "application/vnd.ollama.image.params": "params",
    "application/vnd.ollama.image.prompt": "prompt",
    "application/vnd.ollama.image.messages": "messages",
    "application/vnd.ollama.image.license": "license",
}
"""By its media type the path of a layer that has no name of its own."""

PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
AT_HOST = re.compile(PART.pattern + r"(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Tag:
    """A model in the store: where its manifest lies, and its name as Ollama has it in full."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def source(self) -> str:
        """The place that it is, as people write it."""
        parts = [self.host, self.namespace, self.model]
        if self.host == HOST:
            parts = parts[2:] if self.namespace == NAMESPACE else parts[1:]
        return SCHEME + "/".join(parts)

    @property
    def name(self) -> str:
        """The place with the tag."""
        return f"{self.source}:{self.tag}"

    def place(self, store: Path) -> Path:
        """Where its manifest lies in a store."""
        return store / MANIFESTS / self.host / self.namespace / self.model / self.tag

    def is_in(self, store: Path) -> bool:
        """Whether a store has a manifest of it."""
        return os.path.lexists(self.place(store))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A file of a model, as its manifest states it: path, SHA-256 and size."""

    path: str
    digest: str
    size: int

    @property
    def blob(self) -> str:
        """The name of its blob."""
        return f"sha256-{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A model as its manifest states it; `revision` is the digest of the manifest's own bytes."""

    revision: str
    layers: tuple[Layer, ...]
    observations: tuple[Observation, ...] = ()

    def lying(self, store: Path) -> Layout:
        """Where its files lie, and what of them is not there or not of the stated size."""
        entries, seen = [], list(self.observations)
        for layer in self.layers:
            place = store / BLOBS / layer.blob
            if odd := _differs(layer.path, place, layer.size):
                seen.append(odd)
            else:
                entries.append(Entry(path=layer.path, place=str(place)))
        return Layout(entries=tuple(entries), observations=tuple(seen), commit=self.revision)


def folders(variables: Mapping[str, str]) -> tuple[Path, ...]:
    """Where this user's Ollama keeps models, and the service of this machine; the first counts
    first."""
    if own := variables.get(FOLDER):
        return (Path(own),)
    home = variables.get("HOME")
    return (*((Path(home, ".ollama", "models"),) if home else ()), SERVICE)


def is_store(folder: Path) -> bool:
    """Whether a folder is laid out as a store of Ollama's."""
    return os.path.isdir(folder / MANIFESTS) and os.path.isdir(folder / BLOBS)


def tags(store: Path) -> Iterator[Tag]:
    """Every model in a store, in the order of names. Raises OSError for a folder that is closed."""
    for host in _folders(store / MANIFESTS):
        for namespace in _folders(host):
            for model in _folders(namespace):
                for file in sorted(model.iterdir()):
                    if file.is_file():
                        names = (host.name, namespace.name, model.name, file.name)
                        yield Tag(*names)


def _folders(place: Path) -> list[Path]:
    return sorted(inner for inner in place.iterdir() if inner.is_dir())


def named(source: str, tag: str | None) -> Tag:
    """The model that `ollama://[[host/]namespace/]name` means; SourceError for another form."""
    parts = source.removeprefix(SCHEME).split("/")
    full = (HOST, NAMESPACE)[: max(0, 3 - len(parts))] + tuple(parts)
    host, *inner = full
    known = len(full) == 3 and AT_HOST.fullmatch(host) and all(map(PART.fullmatch, inner))
    if not known or not PART.fullmatch(tag or TAG):
        raise SourceError(f"{source[:LONG]}: expected ollama://name:tag, as `ollama list` has it")
    return Tag(host, inner[0], inner[1], tag or TAG)


def image(store: Path, tag: Tag) -> Image:
    """What the manifest of a model states.

    Absent where there is none, SourceError for one that is no manifest of Ollama's.
    """
    place = tag.place(store)
    if not tag.is_in(store):
        pull = f"`ollama pull {tag.name.removeprefix(SCHEME)}`"
        raise Absent(f"{tag.name}: {store} has no manifest of it: {pull}")
    data = small(str(place), MAX_MANIFEST)
    if data is None:
        raise SourceError(f"{place}: expected a file of {MAX_MANIFEST} bytes at most")
    try:
        layers = tuple(_layers(Fields(json.loads(data))))
    except Malformed as error:
        raise SourceError(f"{place}: no manifest of Ollama's: {error}") from None
    paths, seen = _told_apart(path for path, _, _ in layers)
    return Image(
        revision=PREFIX + hashlib.sha256(data).hexdigest(),
        layers=tuple(
            Layer(path=path, digest=digest, size=size)
            for path, (_, digest, size) in zip(paths, layers, strict=True)
        ),
        observations=seen,
    )


def _layers(fields: Fields) -> Iterator[tuple[str, str, int]]:
    """The wanted path, digest and size of each layer, that of the configuration first."""
    if "config" in fields:
        yield CONFIG, *_stated(fields.table("config"))
    for number, layer in enumerate(fields.tables("layers")):
        if number >= MAX_LAYERS:
            raise fields.wrong("layers", f"expected at most {MAX_LAYERS}")
        yield layer.text("name", "") or PATHS.get(layer.text("mediaType"), LAYER), *_stated(layer)


def _stated(fields: Fields) -> tuple[str, int]:
    """The digest, without what stands before it, and the size."""
    digest = fields.hexadecimal("digest", 64, prefix=PREFIX).removeprefix(PREFIX)
    return digest, fields.whole("size")


def _told_apart(wanted: Iterable[str]) -> tuple[tuple[str, ...], tuple[Observation, ...]]:
    """A path of its own for each layer; one that leads out of a folder is not used, and told."""
    found: dict[str, None] = {}
    times: Counter[str] = Counter()
    seen = []
    for path in wanted:
        own = base = path
        if leads_out(path) or path.endswith("/"):
            detail = "a layer has this name, which no folder can hold: pull the model again"
            seen.append(Observation(code="name", path=path[:LONG], detail=detail))
            own = base = LAYER
        while own in found:
            times[base] += 1
            own = _numbered(base, times[base] + 1)
        found[own] = None
    return tuple(found), tuple(seen)


def _numbered(path: str, number: int) -> str:
    """`model.gguf` as `model-2.gguf`."""
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}-{number}.{suffix}" if dot else f"{path}-{number}"


def _differs(path: str, place: Path, size: int) -> Observation | None:
    """Why a blob is not the file that is stated, if it is not."""
    try:
        status = os.stat(place, follow_symlinks=False)
    except OSError as error:
        detail = f"its blob cannot be read: {error.strerror}: `ollama pull` brings it again"
        return Observation(code=LACKING, path=path, detail=detail)
    if stat.S_ISREG(status.st_mode) and status.st_size != size:
        detail = f"stated with {size} bytes, and its blob has {status.st_size}: pull it again"
        return Observation(code="contradiction", path=path, detail=detail)
    return None
