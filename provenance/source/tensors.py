"""The digest of each tensor of safetensors files that are here: which of them a bump rewrote."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.formats import safetensors

CHUNK = 1 << 20
SUFFIX = ".safetensors"


def tensor_digests(root: Path, paths: Iterable[str]) -> Mapping[str, str]:
    """SHA-256 of the bytes of every tensor, by name, in those of `paths` that can be read."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        if path.endswith(SUFFIX):
            found.update(_digests(root / path))
    return found


def _digests(file: Path) -> Iterator[tuple[str, str]]:
    try:
        with file.open("rb") as stream:
            first = stream.read(8)
            head = first + stream.read(safetensors.header_length(first))
            for tensor in safetensors.parse(head, file.stat().st_size).tensors:
                stream.seek(len(head) + tensor.begin)
                yield tensor.name, _digest(stream, tensor.end - tensor.begin)
    except (OSError, Malformed):
        return


def _digest(stream: BinaryIO, size: int) -> str:
    found = hashlib.sha256()
    while size > 0 and (piece := stream.read(min(size, CHUNK))):
        found.update(piece)
        size -= len(piece)
    return found.hexdigest()
