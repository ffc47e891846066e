"""The matrices of a model: what their stored tensors mean, and where the residual stream is.

A layer of a transformer reads from the residual stream and writes to it: of each matrix one axis is
as long as that stream, and this axis is what all matrices of a model have in common. Which one it
is stands in the names: what projects back to the stream has it first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from provenance.weights.roles import Numbers, role_of
from provenance.weights.stored import Reader, Stored
from provenance.weights.values import DECODERS, Floats, decoded

SMALLEST = 16
"""Of a residual axis: below it no statistic says anything."""
WRITES = re.compile(
    r"(?:^|[._])(?:o_proj|out_proj|down_proj|dense_4h_to_h|wo|w2|c_proj|fc2|fc_out|proj"
    r"|attn_output|ffn_down|lin2|out_lin|output\.dense|attention\.dense|o)(?:\.|_exps\.|$)"
)
"""Roles of matrices whose output is the residual stream, in the words of many programs."""
TURNED = re.compile(r"(?:^|\.)(?:c_attn|c_fc|c_proj|q_attn)\.weight$")
"""Matrices that GPT-2 and its kin store as [input, output]."""
TABLES = re.compile(
    r"(?:^|[._])(?:embed_tokens|word_embeddings|wte|tok_embeddings|token_embd|embed_in|lm_head"
    r"|embed_out|embeddings|shared|output)\.weight$"
)
"""Roles of matrices that have a row for each token."""
POSITIONS = re.compile(r"(?:^|[._])(?:wpe|position_embeddings?|pos_embed|embed_positions|rotary)")
"""Made by a formula or tied to no token: they look alike in models that have nothing in common."""


class Part(StrEnum):
    """Where in a model a matrix stands."""

    LAYER = "layer"
    TABLE = "table"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Weights in two dimensions as they are stored: `rows` lines of `columns` values.

    `name` is that of the tensor that holds it, `role` what it is for and `numbers` in which layer.
    `stored` are that tensor and those that help to read it, `form` how values come out of them:
    a key of FORMS. Of a tensor that holds several, `first` is its first row. `residual` is the axis
    of the residual stream, None where neither is known to be.
    """

    name: str
    role: str
    numbers: Numbers
    rows: int
    columns: int
    stored: tuple[Stored, ...]
    form: str = "plain"
    first: int = 0
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


Rows = Callable[[Matrix, Reader, int, int], Floats]
"""Rows `begin` to `end` of a matrix as float32 [rows, columns]; Unreadable if they are not there."""


def _plain(matrix: Matrix, reader: Reader, begin: int, end: int) -> Floats:
    main = matrix.stored[0]
    wide = (main.end - main.begin) // max(1, main.size) * matrix.columns
    start = main.begin + (matrix.first + begin) * wide
    data = reader.read(main.path, start, start + (end - begin) * wide)
    return decoded(main.dtype, data).reshape(end - begin, matrix.columns)


FORMS: dict[str, Rows] = {"plain": _plain}
"""How the rows of a matrix are read, by the form in which its tensors hold it."""


def rows(matrix: Matrix, reader: Reader, begin: int, end: int) -> Floats:
    """Rows `begin` to `end` as float32 [end - begin, columns]; Unreadable where they are not had."""
    return FORMS[matrix.form](matrix, reader, begin, end)


def matrices(stored: Iterable[Stored]) -> tuple[Matrix, ...]:
    """Every matrix of a model in the order of role and layer, the residual axis found.

    What holds no matrix that can be read (vectors, packings that are not known) is left out.
    """
    found = list(_found(stored))
    width = _width(found)
    return tuple(sorted((_placed(one, width) for one in found), key=_order))


def _order(matrix: Matrix) -> tuple[str, tuple[int, ...], int]:
    return matrix.role, tuple(int(number) for number in matrix.numbers), matrix.first


def _found(stored: Iterable[Stored]) -> Iterator[Matrix]:
    for one in stored:
        if len(one.shape) != 2 or not one.size or one.dtype not in DECODERS:
            continue
        role, numbers = role_of(one.name, one.path.rpartition("/")[0])
        yield Matrix(
            name=one.name,
            role=role,
            numbers=numbers,
            rows=one.shape[0],
            columns=one.shape[1],
            stored=(one,),
        )


def _width(found: Sequence[Matrix]) -> int:
    """The length that most matrices have on an axis: that of the residual stream."""
    counted: Counter[int] = Counter()
    for matrix in found:
        counted.update({matrix.rows, matrix.columns})
    return max(counted, key=lambda n: (counted[n], n), default=0)


def _placed(matrix: Matrix, width: int) -> Matrix:
    role = matrix.role
    if POSITIONS.search(role) or width < SMALLEST:
        return matrix
    part = Part.TABLE if TABLES.search(role) else Part.LAYER if "#" in role else Part.OTHER
    writes = bool(WRITES.search(role)) is not bool(TURNED.search(role))
    axes = (0, 1) if writes and part is not Part.TABLE else (1, 0)
    shape = (matrix.rows, matrix.columns)
    axis = next((axis for axis in axes if shape[axis] == width), None)
    return replace(matrix, residual=axis, part=part)
