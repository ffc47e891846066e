"""The parts of a fingerprint file: each as rows of the header and bytes of the blob, and back.

What a header says of lengths is held against the bytes that are there before anything is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from provenance.errors import Malformed
from provenance.model import TensorDigest
from provenance.weights.coordinates import COORDINATES, DRAWS
from provenance.weights.grouped import Fields, joined, pieces, split
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import Part
from provenance.weights.sample import Block
from provenance.weights.units import Units
from provenance.weights.values import CANONICAL_NAN, Floats, canonical, from_canonical

DIGEST = 32
"""Bytes of a SHA-256."""
TENSORS = frozenset({"at", "digests", "dtype", "in", "name", "shape"})
BLOCKS = frozenset({"across", "at", "lines", "name", "numbers", "part", "role", "width"})
UNITS = frozenset({"gated", "tokens", "units"})
DIGESTS: dict[str, tuple[bool, bool]] = {
    "none": (False, False),
    "opening": (True, False),
    "same": (True, False),
    "both": (True, True),
}
"""Which digests of a tensor stand in the blob: its opening, its own; `same` are both in one."""
Section = tuple[list[object], bytes]
T = TypeVar("T")
K = TypeVar("K")


@dataclass(kw_only=True)
class Blob:
    """Bytes that are taken from the front, or Malformed where they end."""

    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        """The next so many bytes."""
        if count > len(self.data) - self.at:
            left = len(self.data) - self.at
            raise Malformed(f"it ends early: found {left} bytes, expected {count} more")
        self.at += count
        return self.data[self.at - count : self.at]

    def end(self) -> None:
        """Nothing is left, or Malformed."""
        if self.at != len(self.data):
            raise Malformed(f"{len(self.data) - self.at} bytes stand behind the last value")


def tensors(ledger: Ledger) -> tuple[list[str], list[object], bytes]:
    """The paths of a ledger, its groups of tensors and their digests."""
    ordered = sorted(ledger.entries, key=lambda one: (one.path, one.name))
    paths = sorted({one.path for one in ordered})
    index = {path: n for n, path in enumerate(paths)}
    rows, blob = [], []
    for key, group in _groups(ordered, _tensor_key):
        name, dtype, shape, digests = key
        rows.append(
            {
                "name": name,
                "dtype": dtype,
                "shape": shape,
                "digests": digests,
                "in": [index[one.path] for one in group],
                "at": [".".join(pieces(one.name)[1]) for one in group],
            }
        )
        own, whole = DIGESTS[digests]
        for one in group:
            blob += [one.opening] * own + [one.digest] * whole
    return paths, list(rows), bytes.fromhex("".join(blob))


def ledger_of(paths: tuple[str, ...], rows: Iterable[Fields], blob: Blob) -> Ledger:
    """The ledger of these groups."""
    found: dict[tuple[str, str], TensorDigest] = {}
    for row in rows:
        parts, shape, dtype = row.texts("name"), row.counts("shape"), row.text("dtype")
        places, at, kept = row.counts("in"), row.texts("at"), row.text("digests")
        if len(places) != len(at) or kept not in DIGESTS or max(places, default=0) >= len(paths):
            raise Malformed(f"the tensors {'#'.join(parts)[:80]} are not told apart")
        digests = _digests(blob, kept, len(at))
        for place, numbers, (opening, digest) in zip(places, at, digests, strict=True):
            name, path = joined(parts, split(numbers)), paths[place]
            if (path, name) in found:
                raise Malformed(f"the tensor {name[:80]} stands twice in {path[:80]}")
            found[path, name] = TensorDigest(
                path=path, name=name, dtype=dtype, shape=shape, opening=opening, digest=digest
            )
    return Ledger(entries=tuple(found[key] for key in sorted(found)))


def _digests(blob: Blob, kept: str, count: int) -> list[tuple[str, str]]:
    """The opening and the digest of each of so many tensors, empty where they are not kept."""
    each = sum(DIGESTS[kept])
    if not each:
        return [("", "")] * count
    text = blob.take(DIGEST * each * count).hex()
    some = [text[at : at + 2 * DIGEST] for at in range(0, len(text), 2 * DIGEST)]
    second = [""] * count if kept == "opening" else some[each - 1 :: each]
    return list(zip(some[::each], second, strict=True))


def _tensor_key(one: TensorDigest) -> tuple[tuple[str, ...], str, tuple[int, ...], str]:
    how = "same" if one.digest == one.opening else "both" if one.digest else "opening"
    return pieces(one.name)[0], one.dtype, one.shape, how if one.opening else "none"


def blocks(found: Iterable[Block]) -> Section:
    """The groups of blocks and their values as canonical bfloat16."""
    rows: list[object] = []
    blob: list[bytes] = []
    for key, group in _groups(found, _block_key):
        name, role, part, width, across, lines = key
        names = [pieces(one.name)[1] for one in group]
        numbers = [one.numbers for one in group]
        rows.append(
            {
                "name": name,
                "role": role,
                "part": part,
                "width": width,
                "across": across,
                "lines": lines,
                "at": [".".join(one) for one in names],
                "numbers": [] if names == numbers else [".".join(one) for one in numbers],
            }
        )
        blob += [canonical(one.values).astype("<u2").tobytes() for one in group]
    return rows, b"".join(blob)


def blocks_of(rows: Iterable[Fields], blob: Blob) -> tuple[Block, ...]:
    """The blocks of these groups."""
    found: list[Block] = []
    for row in rows:
        parts, role, part = row.texts("name"), row.text("role"), _part(row.text("part"))
        width, across = row.count("width"), row.count("across")
        lines, at = row.counts("lines"), row.texts("at")
        numbers = row.texts("numbers") or at
        columns = min(width, COORDINATES)
        if len(numbers) != len(at) or len(lines) > across or not _are_ordinals(lines):
            raise Malformed(f"the blocks {role[:80]} do not lie in their matrices")
        values = _values(blob, len(at) * len(lines) * columns)
        values = values.reshape(len(at), len(lines), columns)
        for n, place in enumerate(at):
            block = Block(
                name=joined(parts, split(place)),
                role=role,
                numbers=split(numbers[n]),
                part=part,
                width=width,
                across=across,
                ordinals=lines,
                values=values[n],
            )
            found.append(block)
    return tuple(found)


def _are_ordinals(lines: tuple[int, ...]) -> bool:
    return all(one < other for one, other in pairwise((-1, *lines, DRAWS)))


def _block_key(one: Block) -> tuple[tuple[str, ...], str, str, int, int, tuple[int, ...]]:
    name = pieces(one.name)[0]
    return name, one.role, one.part.value, one.width, one.across, one.ordinals


def _part(text: str) -> Part:
    try:
        return Part(text)
    except ValueError:
        message = f"part: found {text[:40]!r}, expected one of {', '.join(Part)}"
        raise Malformed(message) from None


def units(found: Units | None) -> Section:
    """The one row of the units, none where there are none, and their profiles."""
    if found is None:
        return [], b""
    row = {
        "tokens": found.tokens,
        "units": len(found.up),
        "gated": int(found.gated),
    }
    both = np.concatenate([found.up, found.gate])
    return [row], canonical(both).astype("<u2").tobytes()


def units_of(rows: Iterable[Fields], blob: Blob) -> Units | None:
    """The units of that row."""
    some = list(rows)
    if not some:
        return None
    row = some[0]
    tokens, count, gated = row.texts("tokens"), row.count("units"), row.count("gated")
    sides = 1 + gated
    if len(some) > 1 or gated > 1 or len(set(tokens)) != len(tokens):
        raise Malformed("the units are said twice, or two of their tokens are the same")
    values = _values(blob, sides * count * len(tokens)).reshape(sides * count, len(tokens))
    return Units(tokens=tokens, up=values[:count], gate=values[count:])


def _values(blob: Blob, count: int) -> Floats:
    bits = np.frombuffer(blob.take(2 * count), "<u2")
    if (((bits & 0x7FFF) > 0x7F80) & (bits != CANONICAL_NAN)).any():
        raise Malformed("a value is a NaN that is not the canonical one")
    return from_canonical(bits)


def _groups(some: Iterable[T], key: Callable[[T], K]) -> Iterator[tuple[K, list[T]]]:
    """What has the same key together, in the order of what comes first."""
    found: dict[K, list[T]] = {}
    for one in some:
        found.setdefault(key(one), []).append(one)
    yield from found.items()
