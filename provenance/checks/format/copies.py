"""Files that hold the same weights once more, of which one deployment needs none or one.

Which folders publishers keep them in: Meta's `original/`, the exports of Optimum (`onnx/`,
`openvino/`), `coreml/` of transformers' first models, `metal/` of gpt-oss. A module of a model
(`2_Dense/`, `unet/`) is no copy, whatever stands above it.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from provenance.case.leaving import added, lines_without
from provenance.checks.format.shards import FIRST_STEMS, Sets
from provenance.formats.names import folder_of, is_adapter_name, is_weight_name, name_of, suffix_of
from provenance.model import Evidence, File
from provenance.selection import literal
from provenance.verdict import Finding, failed

FOLDERS = frozenset(
    {"coreml", "flax", "metal", "onnx", "openvino", "original", "rust", "tensorflow", "tf"}
)
DATA = frozenset({".onnx", ".onnx_data"})
"""Copies that are data alone: worth a word, and no reason to refuse anything."""
NOT_VARIANTS = ("mmproj", "imatrix")
"""How GGUF files begin that a loader takes beside the weights."""
MANY = 3
"""From how many GGUF variants on a reader is told to choose."""
SHOWN = 40
PART = re.compile(r"-\d+-of-(\d+)(?=\.\w+$)")
UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@dataclass(frozen=True, kw_only=True)
class Copies:
    """The copies among the selected files of one model."""

    evidence: Evidence
    sets: Sets

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Every selected file."""
        return self.evidence.manifest.files

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders of copies: known by name, and a complete set of safetensors above them.

        One that holds an adapter, anywhere below it, is none.
        """
        own = {folder for file in self.files for folder in _holding(file.path)}
        return frozenset(
            folder
            for file in self.files
            if is_weight_name(file.path)
            for folder in _above(file.path)
            if folder not in own and self._is_copied(folder)
        )

    def _is_copied(self, folder: str) -> bool:
        name, above = name_of(folder[:-1]), folder_of(folder[:-1])
        return name in FOLDERS and bool(FIRST_STEMS & self.sets.complete.get(above, frozenset()))

    def is_inside(self, path: str) -> bool:
        """Whether a file lies in a folder of copies."""
        return not self.folders.isdisjoint(_above(path))

    def findings(self, replaceable: Iterable[str]) -> Iterator[Finding]:
        """One finding on all copies, where `replaceable` are those that are no mere data; and one
        on GGUF variants, of which a loader takes one."""
        files = set(replaceable)
        single = files | {file.path for file in self.files if self._is_data(file.path)}
        chosen = {file for file in self.files if file.path in single or self.is_inside(file.path)}
        if chosen:
            rule = "format/pickle-beside-safetensors" if files else "format/beside-safetensors"
            paths = sorted(file.path for file in chosen)
            yield failed(rule, self._message(chosen, single), _common(paths))
        yield from self._variants()

    def _is_data(self, path: str) -> bool:
        return suffix_of(path) in DATA and self.sets.is_beside(path)

    def _message(self, chosen: set[File], single: set[str]) -> str:
        """What stands there, the line that leaves all of it out, and the same as options."""
        loose = {_pattern(path) for path in single if not self.is_inside(path)}
        outer = {f for f in self.folders if self.folders.isdisjoint(_above(f[:-1]))}
        patterns = sorted(loose | {literal(folder) for folder in outer})
        return (
            f"{_counted(chosen)} not needed beside a complete set of safetensors: put the first of "
            "these lines into the model's entry, or type the second\n"
            f"{lines_without(self.evidence, patterns)}"
        )

    def _variants(self) -> Iterator[Finding]:
        groups: defaultdict[str, list[File]] = defaultdict(list)
        for file in self.files:
            if suffix_of(file.path) == ".gguf" and not name_of(file.path).startswith(NOT_VARIANTS):
                groups[_pattern(file.path)].append(file)
        if len(groups) < MANY or self.evidence.include:
            return
        every = [file for files in groups.values() for file in files]
        lines = [
            f"{_amount(files):>8}  {added(self.evidence, f'--include {shlex.quote(pattern)}')}"
            for pattern, files in sorted(groups.items(), key=lambda item: _size(item[1]))
        ]
        more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        message = (
            f"{len(groups)} variants of GGUF are selected, {_amount(every)} in all, and a loader "
            'takes one: type its line, or put it into the model\'s entry as include = ["…"]'
        )
        yield failed("format/several-gguf", "\n".join((message, *lines[:SHOWN], *more)), ".")


def _holding(path: str) -> Iterator[str]:
    """The folders that hold an adapter because of this file."""
    if is_adapter_name(path):
        yield from _above(path)


def _above(path: str) -> Iterator[str]:
    """Each folder above a path, the innermost first."""
    while folder := folder_of(path):
        yield folder
        path = folder[:-1]


def _pattern(path: str) -> str:
    """The pattern that takes a file, and with it the other parts of one that is split."""
    return PART.sub(r"-*-of-\1", literal(path))


def _common(paths: Sequence[str]) -> str:
    """What a finding on these files is about: the file, their one folder, or the model."""
    folders = {folder_of(path) for path in paths}
    if len(paths) == 1:
        return paths[0]
    return (folders.pop() or ".") if len(folders) == 1 else "."


def _counted(files: set[File]) -> str:
    size = _amount(files)
    return f"1 file ({size}) is" if len(files) == 1 else f"{len(files)} files ({size}) are"


def _size(files: Iterable[File]) -> int:
    return sum(file.size for file in files)


def _amount(files: Iterable[File]) -> str:
    """The size of files together, in the units in which a Hub shows it."""
    size = _size(files)
    unit, name = next(((u, n) for u, n in UNITS if size >= u), (1, "bytes"))
    return f"{size / unit:.1f} {name}" if unit > 1 else f"{size} {name}"
