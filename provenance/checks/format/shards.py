"""Sets of weight files: what an index names, what stands beside it, and which sets are complete."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from provenance.claims.files import ModelFiles
from provenance.errors import Malformed
from provenance.formats import safetensors
from provenance.formats.names import (
    folder_of,
    is_adapter_name,
    is_safetensors_index,
    name_of,
    suffix_of,
)
from provenance.formats.parsed import Parsed
from provenance.model import Evidence, Kind
from provenance.verdict import Finding, failed, unknown

SHARD = re.compile(r"(?P<stem>.+)-\d+-of-\d+(?P<suffix>\.\w+)", re.IGNORECASE)
WEIGHTS_INDEX = re.compile(r"(?P<stem>.+)\.(safetensors|bin)\.index(\.[\w-]+)?\.json")
SAFETENSORS_INDEX = re.compile(r".+\.safetensors\.index(\.[\w-]+)?\.json")
FIRST_STEMS = frozenset({"model", "diffusion_pytorch_model"})
MAX_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """One index that could be read: which tensors each shard, a path of the model, should hold.

    `variant` is what its name says between `index` and `json`, as `fp16`; mostly nothing.
    """

    path: str
    stem: str
    variant: str
    of_safetensors: bool
    shards: dict[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class Sets:
    """The weight files of one model as its indexes and headers group them."""

    files: ModelFiles

    @property
    def evidence(self) -> Evidence:
        """The evidence that has these files."""
        return self.files.evidence

    @cached_property
    def headers(self) -> dict[str, safetensors.Header | Malformed]:
        """The header, or what is wrong with it, of each file that is or is called safetensors."""
        return {
            path: file.safetensors
            for path, file in self.files.by_path.items()
            if path in self.evidence.manifest.by_path and _is_safetensors(path, file.content.kind)
        }

    @cached_property
    def _read(self) -> dict[str, Index | Malformed]:
        return {
            path: _index(file)
            for path, file in self.files.by_path.items()
            if is_safetensors_index(path)
            and path in self.evidence.manifest.by_path
            and (file.content.head or WEIGHTS_INDEX.fullmatch(name_of(path)))
        }

    @cached_property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes that matter: those of pickles are moot when only safetensors are here."""
        present = self.evidence.manifest.by_path
        return tuple(
            found
            for found in self._read.values()
            if isinstance(found, Index) and (found.of_safetensors or found.shards.keys() & present)
        )

    @cached_property
    def complete(self) -> dict[str, frozenset[str]]:
        """By folder, the stems under which a complete set of safetensors stands there."""
        stems: defaultdict[str, set[str]] = defaultdict(set)
        sharded: set[str] = set()
        for found in self.indexes:
            sharded.update(found.shards)
            if found.of_safetensors and all(self._is_sound(path) for path in found.shards):
                stems[folder_of(found.path)].add(found.stem)
        for path in self.headers.keys() - sharded:
            if self._is_sound(path) and not SHARD.fullmatch(name_of(path)):
                stems[folder_of(path)].add(name_of(path).removesuffix(".safetensors"))
        return {folder: frozenset(found) for folder, found in stems.items()}

    def _is_sound(self, path: str) -> bool:
        return isinstance(self.headers.get(path), safetensors.Header)

    def is_beside(self, path: str) -> bool:
        """Whether a complete set of safetensors is what a loader would take instead of `path`.

        Beside a model's, an adapter is more weights, and not the same once more.
        """
        stems = self.complete.get(folder_of(path), frozenset())
        name = name_of(path)
        shard = SHARD.fullmatch(name)
        stem = shard["stem"] if shard else name.removesuffix(suffix_of(path))
        return stem in stems or (bool(stems & FIRST_STEMS) and not is_adapter_name(path))

    def findings(self) -> Iterator[Finding]:
        """Every way in which indexes and shards disagree."""
        for path, found in self._read.items():
            if isinstance(found, Malformed):
                yield from self._unusable(path, found)
        for found in self.indexes:
            yield from self._missing(found)
            yield from self._mismatches(found)
        yield from self._orphans()

    def _unusable(self, path: str, error: Malformed) -> Iterator[Finding]:
        if not self.evidence.by_path[path].head and self.evidence.manifest.by_path[path].size:
            yield unknown("format/unread", "the index was not read: it is too long", path)
        elif WEIGHTS_INDEX.fullmatch(name_of(path)) or error.slug == "index-path":
            yield failed("format/index", f"the index cannot be used: {error}", path)

    def _missing(self, found: Index) -> Iterator[Finding]:
        for shard in sorted(found.shards.keys() - self.evidence.manifest.by_path.keys()):
            listed = shard in self.evidence.listing.by_path
            where = "is not selected" if listed else "is not there"
            yield failed("format/missing-shard", f"{found.path} names it, and it {where}", shard)
        for shard in sorted(found.shards.keys() & self.evidence.by_path.keys()):
            kind = self.evidence.by_path[shard].kind
            if found.of_safetensors and shard not in self.headers and kind is not Kind.LFS_POINTER:
                message = f"{found.path} names it as a shard, and it holds {kind}"
                yield failed("format/disguised", message, shard)

    def _mismatches(self, found: Index) -> Iterator[Finding]:
        for shard, expected in sorted(found.shards.items()):
            header = self.headers.get(shard)
            if not isinstance(header, safetensors.Header):
                continue
            actual = frozenset(tensor.name for tensor in header.tensors)
            for names, said in (
                (expected - actual, f"{found.path} places here what the shard lacks"),
                (actual - expected, f"the shard holds what {found.path} does not place here"),
            ):
                if names:
                    yield failed("format/index-mismatch", f"{said}: {_some(names)}", shard)

    def _orphans(self) -> Iterator[Finding]:
        named = {shard for found in self.indexes for shard in found.shards}
        for path in sorted(self.headers.keys() - named):
            if SHARD.fullmatch(name_of(path)):
                yield failed("format/orphan-shard", "a shard that no index names: remove it", path)
            for found in self.indexes:
                if found.of_safetensors and _is_lookalike(path, found):
                    message = f"looks like a shard, and {found.path} does not name it: remove it"
                    yield failed("format/orphan-shard", message, path)


def _is_safetensors(path: str, kind: Kind) -> bool:
    named = suffix_of(path) == ".safetensors" and kind is Kind.BINARY
    return kind is Kind.SAFETENSORS or named


def _index(file: Parsed) -> Index | Malformed:
    path, pairs = file.path, file.index
    if isinstance(pairs, Malformed):
        return pairs
    shards: defaultdict[str, set[str]] = defaultdict(set)
    for tensor, shard in pairs:
        shards[folder_of(path) + shard].add(tensor)
    name = name_of(path)
    return Index(
        path=path,
        stem=name.partition(".safetensors.index")[0],
        variant=name.partition(".index.")[2].removesuffix("json").rstrip("."),
        of_safetensors=SAFETENSORS_INDEX.fullmatch(name) is not None
        or any(suffix_of(shard) == ".safetensors" for shard in shards),
        shards={shard: frozenset(tensors) for shard, tensors in shards.items()},
    )


def _is_lookalike(path: str, found: Index) -> bool:
    """Whether `path` is not shaped as a shard, but stands where a loader would take it for one.

    The whole model beside the index of a variant is no part of that variant.
    """
    if folder_of(path) != folder_of(found.path) or SHARD.fullmatch(name_of(path)):
        return False
    if found.variant and name_of(path) == f"{found.stem}.safetensors":
        return False
    rest = name_of(path).removesuffix(".safetensors").removeprefix(found.stem)
    shaped = re.fullmatch(r"[-._]?\d*([-._]of[-._]\d+)?", rest) is not None
    return name_of(path).startswith(found.stem) and shaped


def _some(names: frozenset[str]) -> str:
    shown = ", ".join(repr(name[:80]) for name in sorted(names)[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
