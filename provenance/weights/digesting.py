"""The ledger's entries, made of bytes in pieces that stay in a core's own cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import numpy as np

from provenance.model import TensorDigest
from provenance.weights.ledger import LARGE, OPENING, Known
from provenance.weights.reserve import keep_freed
from provenance.weights.stored import Reader, Stored
from provenance.weights.values import CANONICAL_NAN, DECODERS, Bits, canonical, decoded

PIECE = 128 << 10
"""Bytes that are read at once."""
FEW = 16
"""So many different numbers at the beginning, or more, have the tensors that were trained."""
ABOVE_INFINITY = 0x7F80


def entries(tensors: Iterable[Stored], reader: Reader, known: Known) -> Iterator[TensorDigest]:
    """The entry of each tensor that has one; Unreadable where its bytes cannot be had."""
    keep_freed()
    for tensor in tensors:
        if tensor.dtype in DECODERS and (known.asks_for_all or tensor.size >= LARGE):
            found = _entry(tensor, reader, known)
            if found:
                yield found


def _entry(tensor: Stored, reader: Reader, known: Known) -> TensorDigest | None:
    if tensor.raised or not 0 < tensor.size <= tensor.end - tensor.begin:
        return None
    first = np.concatenate(list(_pieces(tensor, reader, 0, min(OPENING, tensor.size))))
    if tensor.size >= LARGE and len(np.unique(first)) < FEW:
        return None
    whole = hashlib.sha256(first.data)
    opening = digest = whole.hexdigest()
    if tensor.size > OPENING:
        digest = ""
        if known.everything or opening in known.openings:
            for piece in _pieces(tensor, reader, OPENING, tensor.size):
                whole.update(piece.data)
            digest = whole.hexdigest()
    return TensorDigest(
        path=tensor.path,
        name=tensor.name,
        dtype=tensor.dtype,
        shape=tensor.shape,
        opening=opening,
        digest=digest,
    )


def _pieces(tensor: Stored, reader: Reader, first: int, last: int) -> Iterator[Bits]:
    """Values `first` to `last` in canonical form, little-endian, a piece at a time."""
    wide = (tensor.end - tensor.begin) // tensor.size
    bits_of = _reading(tensor.dtype, wide)
    if tensor.heads:
        yield from _of_heads(tensor, reader, bits_of, range(first, last))
        return
    step = PIECE // wide
    for at in range(first, last, step):
        begin = tensor.begin + at * wide
        end = tensor.begin + min(at + step, last) * wide
        yield bits_of(reader.read(tensor.path, begin, end)).astype("<u2", copy=False)


def _of_heads(
    tensor: Stored, reader: Reader, bits_of: Callable[[bytes], Bits], some: range
) -> Iterator[Bits]:
    """The same, a head at a time, with its rows in the order of who trained them."""
    count = tensor.size // tensor.heads
    columns = tensor.size // tensor.shape[0]
    wide = (tensor.end - tensor.begin) // tensor.size
    for head in range(some.start // count, -(-some.stop // count)):
        begin = tensor.begin + head * count * wide
        values = bits_of(reader.read(tensor.path, begin, begin + count * wide))
        lines = values.reshape(-1, 2, columns).swapaxes(0, 1).reshape(-1)
        at = head * count
        yield lines[max(0, some.start - at) : some.stop - at].astype("<u2", copy=True)


def _reading(dtype: str, wide: int) -> Callable[[bytes], Bits]:
    """The quickest way to the canonical form: a type of two bytes or one has few values."""
    if dtype == "BF16":
        return _bf16
    if wide > 2:
        return lambda data: canonical(decoded(dtype, data))
    kind, table = f"<u{wide}", _table(dtype, wide)
    return lambda data: table[np.frombuffer(data, kind)]


def _bf16(data: bytes) -> Bits:
    bits = np.frombuffer(data, "<u2")
    wrong = (bits & 0x7FFF) > ABOVE_INFINITY
    return np.where(wrong, np.uint16(CANONICAL_NAN), bits) if wrong.any() else bits


@cache
def _table(dtype: str, wide: int) -> Bits:
    """The canonical form of every value of a type."""
    return canonical(decoded(dtype, np.arange(1 << 8 * wide, dtype=f"<u{wide}").tobytes()))
