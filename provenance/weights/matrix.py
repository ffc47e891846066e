"""The matrices of a model: what their stored tensors mean, and where the residual stream is.

A layer of a transformer reads from the residual stream and writes to it: of each matrix one axis is
as long as that stream, and this axis is what all matrices of a model have in common. Which one it
is stands in the names and in the shapes: what projects back to the stream has it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from provenance.weights.axes import shaped
from provenance.weights.forms.form import Held
from provenance.weights.forms.packings import FORMS, weights
from provenance.weights.heads import put_back
from provenance.weights.methods import HELD
from provenance.weights.names import Use
from provenance.weights.pieces import Piece, pieces
from provenance.weights.roles import Numbers
from provenance.weights.split import apart
from provenance.weights.stored import Reader, Stored, Unreadable
from provenance.weights.values import Floats

MOST = 64
"""Weights that cannot be read and are named in a fingerprint."""


class Part(StrEnum):
    """Where in a model a matrix stands."""

    LAYER = "layer"
    TABLE = "table"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Weights in two dimensions as they are stored: `rows` lines of `columns` values.

    `name` is that of the weight, `role` what it is for and `numbers` in which layer. `stored` are
    the tensor that holds it and those that help to read it, `form` how values come out of them: a
    key of FORMS. Of a tensor that holds several, `first` is its first line and `left` its first
    column; `high` and `wide` are the tensor's own lines and columns, 0 where they are the matrix's.
    `residual` is the axis of the residual stream, None where neither is known to be; it is 0 for
    inputs first in one program and outputs first in another.
    """

    name: str
    role: str
    numbers: Numbers
    rows: int
    columns: int
    stored: tuple[Stored, ...]
    form: str = "plain"
    first: int = 0
    left: int = 0
    high: int = 0
    wide: int = 0
    residual: int | None = None
    part: Part = Part.OTHER

    @property
    def width(self) -> int:
        """The length of its residual axis; 0 where it has none."""
        return (self.rows, self.columns)[self.residual] if self.residual is not None else 0

    @property
    def across(self) -> int:
        """The length of the other axis."""
        return (self.columns, self.rows)[self.residual] if self.residual is not None else 0


def rows(matrix: Matrix, reader: Reader, begin: int, end: int) -> Floats:
    """Rows `begin` to `end` as float32 [end - begin, columns]; Unreadable where not had."""
    held = Held(
        main=matrix.stored[0],
        beside=matrix.stored[1:],
        rows=matrix.high or matrix.rows,
        columns=matrix.wide or matrix.columns,
    )
    if begin >= end:
        return np.zeros((0, matrix.columns), np.float32)
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            values = _in_order(matrix, held, reader, matrix.first + begin, matrix.first + end)
    except (ValueError, IndexError):
        raise Unreadable(f"{matrix.name}: its tensors do not fit each other") from None
    if values.shape != (end - begin, held.columns):
        raise Unreadable(f"{matrix.name}: lines of {values.shape}, expected {held.columns} values")
    return values[:, matrix.left : matrix.left + matrix.columns]


def _in_order(matrix: Matrix, held: Held, reader: Reader, begin: int, end: int) -> Floats:
    """Lines of the tensor, in the order in which the program that trained it has them."""
    read, heads = FORMS[matrix.form].rows, held.main.heads
    if not heads:
        return read(held, reader, begin, end)
    if held.rows == 1:
        line = read(held, reader, 0, 1).T
        return put_back(lambda a, b: line[a:b], 0, len(line), len(line) // heads).T
    return put_back(lambda a, b: read(held, reader, a, b), begin, end, held.rows // heads)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The matrices of a model, and the names of what cannot be read with the reason."""

    matrices: tuple[Matrix, ...]
    unreadable: tuple[tuple[str, str], ...]

    @property
    def unread(self) -> tuple[str, ...]:
        """What cannot be read as a fingerprint has it, each with the reason; of very much the
        first."""
        return tuple(f"{name:.200}: {why}" for name, why in self.unreadable[:MOST])


def gathered(stored: Iterable[Stored]) -> Gathered:
    """Every matrix in the order of role and layer, and every weight in a form that is not read."""
    some = tuple(stored)
    whole = [weight for weight in weights(some) if not HELD.search(weight.name)]
    found, unfit = shaped(pieces(whole), (one for one in some if len(one.shape) == 1))
    names = {one.name for one in some if one.name.endswith("_bias")}
    return Gathered(
        matrices=_made(apart(found, names)),
        unreadable=tuple(sorted((one.name, one.why) for one in unfit)),
    )


def _made(some: Iterable[Piece]) -> tuple[Matrix, ...]:
    return tuple(sorted((_matrix(piece) for piece in some), key=_order))


def matrices(stored: Iterable[Stored]) -> tuple[Matrix, ...]:
    """Every matrix of a model in the order of role and layer, the residual axis found.

    What holds no matrix that can be read (vectors, packings that are not known) is left out.
    """
    return gathered(stored).matrices


def unreadable(stored: Iterable[Stored]) -> tuple[tuple[str, str], ...]:
    """The name of each weight that cannot be read, and why: `unreadable packing: AQLM`."""
    return gathered(stored).unreadable


def _order(matrix: Matrix) -> tuple[str, list[tuple[int, str]], str, int, int]:
    numbers = [(len(number), number) for number in matrix.numbers]
    return matrix.role, numbers, matrix.stored[0].path, matrix.first, matrix.left


def _matrix(piece: Piece) -> Matrix:
    table = piece.known.use is Use.TABLE
    return Matrix(
        name=piece.weight.name,
        role=piece.role,
        numbers=piece.numbers,
        rows=piece.rows,
        columns=piece.columns,
        stored=(piece.weight.main, *piece.weight.beside),
        form=piece.form,
        first=piece.first,
        left=piece.left,
        high=piece.high,
        wide=piece.wide,
        residual=piece.axis,
        part=Part.TABLE if table else Part.LAYER if piece.layered else Part.OTHER,
    )
