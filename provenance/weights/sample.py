"""A model's matrices where the coordinates are: what a fingerprint holds, and what is compared."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from provenance.weights.coordinates import COORDINATES, LINES, Coordinates, Indices
from provenance.weights.matrix import Matrix, Part, rows
from provenance.weights.roles import Numbers
from provenance.weights.stored import Reader
from provenance.weights.values import Floats

WANTED = 40_960
"""Values of one model: the least correlation that can be told is 8 / √n, 0.04."""
FEWEST = 3
"""Lines of one matrix."""
TABLE = 64
"""Lines of a table at least: a model has one or two, which must tell by themselves."""
MATRICES = 512
"""Of one model: a mixture of experts has tens of thousands, and as many lines say no more."""
WIDEST = 65_536
"""Of a residual axis: beyond it, a header says something else than a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What was read of one matrix: float32 [lines, coordinates]; `ordinals` tell which lines.

    They are ascending, one for each line (Coordinates.lines). `width` is the length of the residual
    axis and `across` that of the other.
    """

    name: str
    role: str
    numbers: Numbers
    part: Part
    width: int
    across: int
    ordinals: tuple[int, ...]
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The blocks of one model by one way to choose; `unread` names matrices that had to be left."""

    coordinates: str
    blocks: tuple[Block, ...]
    unread: tuple[str, ...] = ()

    @property
    def values(self) -> int:
        """How many values were read."""
        return sum(block.values.size for block in self.blocks)


def lines_for(count: int, wanted: int = WANTED) -> int:
    """How many lines of each of `count` matrices make enough values."""
    return min(LINES, max(FEWEST, -(-wanted // (COORDINATES * max(1, count)))))


def chosen(
    matrices: Iterable[Matrix],
    *,
    contiguous: bool = False,
    most: int = MATRICES,
    known: Iterable[Block] = (),
) -> tuple[Matrix, ...]:
    """Those that have a residual axis; with `contiguous` only where that axis lies in one piece,
    which is what ranges of a file far away can be had of.

    Of more than `most` those are left that another model has too, by its `known` blocks, and then
    those whose layers and last names have the least digests: of two models the same ones, though
    they have other matrices beside them. Of several of one name one is left before two of another.
    """
    found = tuple(m for m in matrices if m.residual == 1 or (m.residual == 0 and not contiguous))
    found = tuple(m for m in found if m.width <= WIDEST)
    if len(found) <= most:
        return found
    wanted = {_mark(block) for block in known}
    met = Counter[bytes]()
    order: list[tuple[bool, int, bytes, int]] = []
    for n, mark in enumerate(map(_mark, found)):
        order.append((mark not in wanted, met[mark], mark, n))
        met[mark] += 1
    left = {n for *_, n in sorted(order)[:most]}
    return tuple(m for n, m in enumerate(found) if n in left)


def _mark(one: Matrix | Block) -> bytes:
    last = ".".join(one.role.split(".")[-2:])
    return hashlib.sha256(f"{last} {'.'.join(one.numbers)}".encode()).digest()


def sample(
    matrices: Sequence[Matrix], reader: Reader, coordinates: Coordinates, *, lines: int = 0
) -> Sample:
    """The blocks of all matrices with a residual axis; Unreadable where bytes cannot be had.

    Several that say the same of themselves are all taken: which file a program loads is not known.
    """
    some = chosen(matrices)
    count = lines or lines_for(len(some))
    found = [_block(matrix, reader, coordinates, count) for matrix in some]
    return Sample(coordinates=coordinates.name, blocks=tuple(found))


def comparable(sample: Sample, coordinates: Coordinates) -> bool:
    """Whether the sample was taken by this way to choose."""
    return sample.coordinates == coordinates.name


def _block(matrix: Matrix, reader: Reader, coordinates: Coordinates, count: int) -> Block:
    width, across = matrix.width, matrix.across
    table = matrix.part is Part.TABLE
    lines = coordinates.lines(width, across, max(count, TABLE) if table else count, table=table)
    columns = coordinates.columns(width)
    if matrix.residual == 1:
        values = _each(matrix, reader, lines.positions, columns)
    else:
        values = _each(matrix, reader, columns.tolist(), np.array(lines.positions, np.int64)).T
    return Block(
        name=matrix.name,
        role=matrix.role,
        numbers=matrix.numbers,
        part=matrix.part,
        width=width,
        across=across,
        ordinals=lines.ordinals,
        values=values,
    )


def _each(matrix: Matrix, reader: Reader, some: Sequence[int], kept: Indices) -> Floats:
    """What is `kept` of some rows of a matrix: [rows, kept]."""
    found = np.empty((len(some), len(kept)), np.float32)
    for n, at in enumerate(some):
        found[n] = rows(matrix, reader, at, at + 1)[0, kept]
    return found


def shared(blocks: Sequence[Block]) -> list[Floats]:
    """The lines that all of these blocks have, of each block."""
    fewest = min(len(block.ordinals) for block in blocks)
    if len({block.ordinals[:fewest] for block in blocks}) == 1:
        return [block.values[:fewest] for block in blocks]
    common = set.intersection(*(set(block.ordinals) for block in blocks))
    return [block.values[[one in common for one in block.ordinals]] for block in blocks]
