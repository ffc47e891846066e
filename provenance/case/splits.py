"""The parts of a split GGUF: whether all are here, and whether they are of one model.

llama-gguf-split names them `stem-00001-of-00003.gguf` and writes into each which part it is
(`split.no`, from 0), of how many (`split.count`), and how many tensors all of them hold together
(`split.tensors.count`); llama.cpp looks for the others by name.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from provenance.claims.files import ModelFiles
from provenance.errors import Malformed
from provenance.formats import gguf
from provenance.formats.names import folder_of
from provenance.model import Evidence, Kind
from provenance.verdict import Finding, failed

PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<total>\d{5})\.gguf", re.IGNORECASE)
NUMBER, COUNT, TENSORS = "split.no", "split.count", "split.tensors.count"
MAX_NAMED = 5

Set = tuple[str, int]


def set_of(path: str) -> Set | None:
    """What the parts of one split have in common by their names: the stem and their number."""
    found = PART.fullmatch(path)
    return (found["stem"], int(found["total"])) if found else None


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The GGUF files of one model as their names and headers put them together."""

    files: ModelFiles

    @property
    def evidence(self) -> Evidence:
        """The evidence that has these files."""
        return self.files.evidence

    @cached_property
    def headers(self) -> dict[str, gguf.Header | Malformed]:
        """The header, or what is wrong with it, of each GGUF file."""
        return {
            path: file.gguf
            for path, file in self.files.by_path.items()
            if file.content.kind is Kind.GGUF and path in self.evidence.manifest.by_path
        }

    def findings(self) -> Iterator[Finding]:
        """Every way in which parts are missing, misnumbered, or not of one model."""
        sets: defaultdict[Set, list[str]] = defaultdict(list)
        for path, header in self.headers.items():
            if named := set_of(path):
                sets[named].append(path)
            if isinstance(header, gguf.Header):
                yield from _own(path, dict(header.metadata))
        for (stem, total), paths in sorted(sets.items()):
            missing = self._missing(stem, total, paths[0])
            yield from missing
            yield from self._together(paths, whole=not missing)

    @cached_property
    def _numbers(self) -> dict[Set, set[int]]:
        """The parts of each set that stand among the selected files, whatever they hold."""
        found: defaultdict[Set, set[int]] = defaultdict(set)
        for path in self.evidence.manifest.by_path:
            if part := PART.fullmatch(path):
                found[part["stem"], int(part["total"])].add(int(part["number"]))
        return dict(found)

    def _missing(self, stem: str, total: int, path: str) -> list[Finding]:
        here = {n for n in self._numbers[stem, total] if 0 < n <= total}
        count = total - len(here)
        if not count:
            return []
        absent = islice((n for n in range(1, total + 1) if n not in here), MAX_NAMED)
        names = [f"{stem}-{number:05}-of-{total:05}.gguf" for number in absent]
        listed = names[0] in self.evidence.listing.by_path
        shown = ", ".join(name.removeprefix(folder_of(path)) for name in names)
        more = f" and {count - MAX_NAMED} more" if count > MAX_NAMED else ""
        state = f"{'is' if count == 1 else 'are'} not {'selected' if listed else 'there'}"
        message = f"one of {total} parts; {shown}{more} {state}"
        return [failed("format/missing-shard", message, path)]

    def _together(self, paths: Sequence[str], *, whole: bool) -> Iterator[Finding]:
        """What the headers of the parts say together; how many tensors, only of a whole set."""
        headers = [self.headers[path] for path in paths]
        read = [header for header in headers if isinstance(header, gguf.Header)]
        if len(read) != len(headers) or len(paths) < 2:
            return
        yield from _contradictions(read, paths[0])
        names = Counter(tensor.name for header in read for tensor in header.tensors)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            message = f"two parts hold the tensor {twice[0][:80]!r}: they are not of one model"
            yield failed("format/split", message, paths[0])
        stated = dict(read[0].metadata).get(TENSORS)
        if whole and stated != sum(names.values()):
            message = f"the parts hold {sum(names.values())} tensors, expected {stated!r:.40}"
            yield failed("format/split", message, paths[0])


def _own(path: str, metadata: dict[str, gguf.Value]) -> Iterator[Finding]:
    """Whether a file's name and its header agree on which part of how many it is."""
    named = PART.fullmatch(path)
    count, number = metadata.get(COUNT, 1), metadata.get(NUMBER, 0)
    said = f"part {number!r:.20} (from 0) of {count!r:.20}"
    if named is None:
        if count != 1:
            message = f"the header says {said}, and the name is not that of a part"
            yield failed("format/split", message, path)
        return
    if (number, count) != (int(named["number"]) - 1, int(named["total"])):
        message = f"the name says part {named['number']} of {named['total']}, the header {said}"
        yield failed("format/split", message, path)


def _contradictions(headers: Iterable[gguf.Header], path: str) -> Iterator[Finding]:
    """The first key that two parts give different values: they were not split from one file."""
    known: dict[str, gguf.Value] = {}
    for header in headers:
        for key, value in header.metadata:
            if key != NUMBER and known.setdefault(key, value) != value:
                message = f"two parts differ in {key[:80]!r}: they are not of one model"
                yield failed("format/split", message, path)
                return
