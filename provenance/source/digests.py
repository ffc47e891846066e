"""Digests beside SHA-256 of whole files: other algorithms, and shards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Protocol

from provenance.model import Observation, PartDigest
from provenance.source.limits import Limits
from provenance.wire.oms import Need


class Hash(Protocol):
    """What hashlib and blake3 have in common."""

    def update(self, data: bytes | memoryview, /) -> object:
        """More bytes."""

    def hexdigest(self) -> str:
        """The digest of all bytes so far."""


def part_count(needs: Iterable[Need], sizes: Iterable[int]) -> int:
    """How many part digests these needs would make of files of these sizes."""
    shards = [need.shard_size for need in needs]
    return sum(-(-size // shard) if shard else 1 for size in sizes for shard in shards)


def affordable(
    wanted: Iterable[Need], sizes: Sequence[int], limits: Limits
) -> tuple[tuple[Need, ...], list[Observation]]:
    """What is computed beside SHA-256, and a word on each need that is too much to ask."""
    taken: list[Need] = []
    unmet: list[Observation] = []
    for need in sorted(wanted, key=lambda n: (part_count([n], sizes), n.algorithm)):
        if len(taken) < limits.needs and part_count([*taken, need], sizes) <= limits.parts:
            taken.append(need)
        else:
            way = f"{need.algorithm} of shards of {need.shard_size} bytes"
            detail = f"a bundle asks for {way}: more digests than are computed for one model"
            unmet.append(Observation(code="limit", path="", detail=detail))
    return tuple(taken), unmet


def algorithm(name: str) -> Hash | None:
    """A fresh hash, or None if this machine cannot compute it."""
    if name != "blake3":
        made: Hash = hashlib.new(name)
        return made
    try:
        hasher: Hash = import_module("blake3").blake3()
    except ImportError:
        return None
    return hasher


class Tracker:
    """Digests of one file as one manifest asks for them: of the whole, or shard by shard."""

    def __init__(self, path: str, need: Need) -> None:
        self._path, self._need = path, need
        self._hash = algorithm(need.algorithm)
        self._start = self._at = 0
        self._found: list[PartDigest] = []

    def update(self, data: memoryview) -> None:
        """The next bytes of the file."""
        while self._hash is not None and len(data):
            room = self._room()
            piece = data[:room]
            self._hash.update(piece)
            self._at += len(piece)
            data = data[len(piece) :]
            if len(piece) == room and self._need.shard_size:
                self._cut()

    def end(self) -> Sequence[PartDigest]:
        """Every digest, once the file has ended; none if the algorithm is not to be had."""
        if self._at > self._start or not self._found:
            self._cut()
        return self._found

    def _room(self) -> int | None:
        size = self._need.shard_size
        return self._start + size - self._at if size else None

    def _cut(self) -> None:
        if self._hash is None:
            return
        part = PartDigest(
            path=self._path,
            algorithm=self._need.algorithm,
            start=self._start,
            end=self._at,
            hex=self._hash.hexdigest(),
        )
        self._found.append(part)
        self._start = self._at
        self._hash = algorithm(self._need.algorithm)
