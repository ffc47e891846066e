"""The ledger of files that are here: their tensors by their values (weights/ledger.py)."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from math import prod
from pathlib import Path
from threading import Event

from provenance.errors import Malformed
from provenance.formats import gguf, safetensors
from provenance.model import TensorDigest
from provenance.source.stored import piece, whole
from provenance.weights.ledger import EVERYTHING, LARGE, Known, Ledger
from provenance.weights.stored import Reader, Stored, Unreadable, of_gguf, of_header

THREADS = 2
FIRST_GUESS = 1 << 16
"""Bytes of a GGUF in which its header may end; else four times as many are tried."""
OPEN = b"{"
"""What the header of a safetensors file begins with, behind its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """Reads the one file that is open, until `stop`."""

    number: int
    stop: Event

    def read(self, path: str, begin: int, end: int) -> bytes:
        """The bytes, or Unreadable where they are not there, or nobody waits for them any more."""
        if self.stop.is_set():
            raise Unreadable(f"{path}: interrupted")
        try:
            data = piece(self.number, begin, end)
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror or error}") from None
        return whole(data, path, begin, end)


def tensors_in(
    number: int, path: str, *, known: Known, most: int, stop: Event
) -> tuple[TensorDigest, ...]:
    """The entries of an open file, which is closed then; none where it is no safetensors or GGUF
    file with a header of `most` bytes or fewer, holds nothing that tells, or cannot be read to its
    end."""
    with io.FileIO(number, "rb") as stream:
        reader = OpenFile(number=number, stop=stop)
        try:
            stored = _stored(reader, path, os.fstat(stream.fileno()).st_size, most)
            if not known.asks_for_all and all(prod(one.shape) < LARGE for one in stored):
                return ()
            return _entries(stored, reader, known)
        except (Unreadable, Malformed):
            # Whoever hashes the file and reads its header meets the same, and says so.
            return ()


def _stored(reader: Reader, path: str, size: int, most: int) -> tuple[Stored, ...]:
    first = reader.read(path, 0, min(size, 8 + len(OPEN)))
    if first.startswith(gguf.MAGIC):
        return tuple(of_gguf(path, _gguf(reader, path, size, most), size))
    length = safetensors.header_length(first[:8])
    if first[8:] != OPEN or length > most:
        raise Malformed("no header that is read")
    head = reader.read(path, 0, min(size, 8 + length))
    return tuple(of_header(path, safetensors.parse(head, size)))


def _gguf(reader: Reader, path: str, size: int, most: int) -> gguf.Header:
    wanted, last = FIRST_GUESS, min(size, most)
    while True:
        try:
            return gguf.parse(reader.read(path, 0, min(wanted, last)), size)
        except Malformed as error:
            if error.slug != "header-cut" or wanted >= last:
                raise
        wanted *= 4


def ledger_of(
    root: Path, stored: Sequence[Stored], reader: Reader, *, known: Known = EVERYTHING
) -> Ledger:
    """The ledger of the tensors `stored` in the files below `root`, all of them with their digest.

    Unreadable, naming the folder, where bytes cannot be had.
    """
    try:
        return Ledger(entries=_entries(stored, reader, known))
    except Unreadable as error:
        raise Unreadable(f"{root}: {error}") from None


def _entries(stored: Sequence[Stored], reader: Reader, known: Known) -> tuple[TensorDigest, ...]:
    """Those of the tensors that have one, in the order of paths and names."""
    from provenance.weights.digesting import entries

    shares = [stored[first::THREADS] for first in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(lambda share: list(entries(share, reader, known)), shares)
        return tuple(sorted(chain(*parts), key=lambda one: (one.path, one.name)))
