"""A model as the pieces that are compared: each of its matrices, and whatever is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from provenance.formats.safetensors import BITS
from provenance.weights import packing
from provenance.weights.matrix import Matrix, matrices
from provenance.weights.names import respelled
from provenance.weights.roles import Numbers, Tensor, layout_of, role_of
from provenance.weights.stored import Stored
from provenance.weights.values import DECODERS

PLAIN = "plain"
KERNEL = 31
"""The longest axis of a convolution's kernel; what is longer are the matrices of a stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing of a model: `matrix` says how its values are read, a vector being one row; `why`
    says in words that they are not, and is empty where they are."""

    role: str
    numbers: Numbers
    matrix: Matrix
    why: str = ""

    @property
    def name(self) -> str:
        """The name of the tensor that holds it."""
        return self.matrix.name

    @property
    def main(self) -> Stored:
        """That tensor."""
        return self.matrix.stored[0]

    @property
    def folder(self) -> str:
        """Where its file lies."""
        return self.main.path.rpartition("/")[0]

    @property
    def size(self) -> int:
        """The number of its values."""
        return self.matrix.rows * self.matrix.columns

    @property
    def is_plain(self) -> bool:
        """Whether its values lie one after the other in its one tensor."""
        return self.matrix.form == PLAIN and not self.main.heads and not self.is_strip

    @property
    def is_strip(self) -> bool:
        """Whether it is some of the columns of its tensor."""
        matrix = self.matrix
        whole = matrix.wide in (0, matrix.columns) or matrix.high * matrix.wide == self.size
        return not whole

    @property
    def dtype(self) -> str:
        """The type that each of its values is stored in; empty where they are packed."""
        return self.main.dtype if self.matrix.form == PLAIN else ""

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its tensor."""
        return self.is_plain and not self.matrix.first and self.size == self.main.size


def pieces(stored: Sequence[Stored]) -> tuple[Piece, ...]:
    """Every piece of a model; what only helps to read another (scales, zeros) is none itself."""
    found = tuple(map(_flat, matrices(stored)))
    used = {one for matrix in found for one in matrix.stored}
    rest = [one for one in stored if one not in used]
    stacks = _stacks(found)
    others = [replace(one, role=_in_stack(one.role, stacks)) for one in _others(rest)]
    roles = respelled(one.role for one in others)
    return (
        *(Piece(role=m.role, numbers=m.numbers, matrix=m, why=_unfit(m)) for m in found),
        *(replace(one, role=roles[one.role]) for one in others),
    )


def whole_of(parts: Sequence[Piece]) -> Piece:
    """One piece for all parts of a tensor."""
    first = parts[0]
    if len(parts) == 1:
        return first
    matrix = first.matrix
    high = matrix.high or max(one.matrix.first + one.matrix.rows for one in parts)
    wide = matrix.wide or max(one.matrix.left + one.matrix.columns for one in parts)
    role, numbers = role_of(first.name, first.folder)
    whole = replace(matrix, rows=high, columns=wide, first=0, left=0, high=0, wide=0)
    whole = replace(whole, role=role, numbers=numbers, residual=None)
    return replace(first, role=role, numbers=numbers, matrix=whole)


def _flat(matrix: Matrix) -> Matrix:
    """A convolution as its outputs by all that each reads, of which factors have their rank."""
    outputs, *inputs = matrix.stored[0].shape or (0,)
    is_kernel = len(inputs) > 1 and max(inputs[1:]) <= KERNEL
    if (
        matrix.form != PLAIN
        or not is_kernel
        or matrix.rows * matrix.columns != outputs * prod(inputs)
    ):
        return matrix
    columns = prod(inputs)
    return replace(matrix, rows=outputs, columns=columns, high=0, wide=0, residual=None)


def _stacks(found: Iterable[Matrix]) -> dict[str, str]:
    """What stands before the numbers of layers in names, and in the roles of those matrices."""
    return {
        role_of(m.stored[0].name)[0].partition("#")[0]: m.role.partition("#")[0]
        for m in found
        if "#" in m.role
    }


def _in_stack(role: str, stacks: Mapping[str, str]) -> str:
    """The role of what is no matrix, in the stack of the matrices beside it."""
    before, number, module = role.partition("#")
    return f"{stacks.get(before, before)}{number}{module}"


def _unfit(matrix: Matrix) -> str:
    main = matrix.stored[0]
    if matrix.form == PLAIN and (main.end - main.begin) * 8 != main.size * BITS[main.dtype]:
        return f"{main.end - main.begin} bytes for {main.size} values of {main.dtype}"
    return ""


def _others(stored: Iterable[Stored]) -> Iterator[Piece]:
    """Vectors, tensors of more axes and what cannot be read, by the names of each folder."""
    folders: dict[tuple[str, int], dict[str, Stored]] = defaultdict(dict)
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for one in stored:
        folder = one.path.rpartition("/")[0]
        folders[folder, seen[folder, one.name]][one.name] = one
        seen[folder, one.name] += 1
    for (folder, _), by_name in folders.items():
        tensors = (
            (folder, Tensor(name=one.name, dtype=one.dtype, shape=one.shape))
            for one in by_name.values()
        )
        for role, members in layout_of(tensors).roles.items():
            for numbers, tensor in members.items():
                yield _other(role, numbers, by_name[tensor.name], tensor.packing)


def _other(role: str, numbers: Numbers, one: Stored, packed: str) -> Piece:
    rows = one.shape[0] if len(one.shape) > 1 else 1
    columns = prod(one.shape[1:]) if len(one.shape) > 1 else one.size
    matrix = Matrix(
        name=one.name, role=role, numbers=numbers, rows=rows, columns=columns, stored=(one,)
    )
    why = ""
    if packed == packing.OTHER or not packed:
        why = _unfit(matrix) if one.dtype in DECODERS else f"{one.dtype} is not read as numbers"
    else:
        why = f"unreadable packing: {packed}"
    return Piece(role=role, numbers=numbers, matrix=matrix, why=why)
